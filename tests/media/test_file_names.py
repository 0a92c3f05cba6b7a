"""Names of files, whatever somebody called them."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.http import parse_options_header

from inbox.file_names import clean, disposition


@pytest.mark.parametrize(
    ("name", "content_type", "expected"),
    [
        ("lamp.jpg", "image/jpeg", "lamp.jpg"),
        ("Rechnung Nr. 5 (final).pdf", None, "Rechnung Nr. 5 (final).pdf"),
        ("فاتورة.pdf", None, "فاتورة.pdf"),
        ("📷 photo.heic", None, "📷 photo.heic"),
        ("../../etc/passwd", None, "passwd"),
        ("..\\..\\windows\\win.ini", None, "win.ini"),
        ("/etc/", None, "file"),
        ("..", None, "file"),
        (".htaccess", None, "htaccess"),
        ("", "image/jpeg", "file.jpg"),
        (None, "text/vcard", "file.vcf"),
        (None, "application/x-unheard-of", "file"),
        ("IMG_0042", "image/heic", "IMG_0042.heic"),
        ("a\r\nSet-Cookie: x=1.jpg", None, "aSet-Cookie_ x=1.jpg"),
        ("photo\u202egpj.exe", None, "photogpj.exe"),
        ("a\u200b\u200d\ufeffb.jpg", None, "ab.jpg"),
        ("a\0b.jpg", None, "ab.jpg"),
        ("a\u2028b\u00a0c.jpg", None, "a b c.jpg"),
        ('a"b<c>d|e?f*g:h.jpg', None, "a_b_c_d_e_f_g_h.jpg"),
        ("CON.txt", None, "_CON.txt"),
        ("lpt1", "text/plain", "_lpt1.txt"),
        ("name.jpg. . .", None, "name.jpg"),
        ("x" * 300 + ".jpeg", None, "x" * 145 + ".jpeg"),
    ],
)
def test_a_name_is_made_harmless(name, content_type, expected):
    assert clean(name, content_type) == expected


@given(st.text(), st.sampled_from([None, "image/jpeg", "text/vcard", "x/y"]))
def test_any_name_fits_a_screen_a_disk_and_a_header(name, content_type):
    found = clean(name, content_type)

    assert 0 < len(found) <= 150
    assert not re.search(r'[\x00-\x1f\x7f/\\<>:"|?*]', found)
    assert {unicodedata.category(c)[0] for c in found}.isdisjoint({"C"})
    assert found == found.strip(" .")
    assert clean(found, content_type) == found


@given(st.text())
def test_any_header_is_one_line_and_says_the_name(name):
    found = disposition(clean(name))

    assert re.fullmatch(r"[\x20-\x7e]+", found)
    kind, options = parse_options_header(found)
    assert (kind, options["filename"]) == ("attachment", clean(name))
