"""Files as people send them, and as nobody should."""

import io
import struct
import zlib

import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()

CARD = (
    b"BEGIN:VCARD\r\nVERSION:3.0\r\nN:Chen;Carol;;;\r\nFN:Carol Chen\r\nORG:Alder & Oak;\r\n"
    b"TEL;type=CELL;type=pref:+1 415 555 0132\r\nEMAIL;type=WORK:carol@example.com\r\nEND:VCARD\r\n"
)
SVG = b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
HTML = b"<!doctype html><script>alert(1)</script>"


def drawn(width: int = 400, height: int = 300, **options: object) -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (width, height), "red")
    image.paste("blue", (width // 2, 0, width, height))
    return image


def saved(image: Image.Image, format: str, **options: object) -> bytes:
    into = io.BytesIO()
    image.save(into, format, **options)
    return into.getvalue()


def jpeg(width: int = 400, height: int = 300, **options: object) -> bytes:
    return saved(drawn(width, height), "JPEG", **options)


def located() -> bytes:
    """A picture that lies on its side and tells where it was taken."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "SECRET CAMERA"
    exif.get_ifd(0x8825)[1] = "N"
    return jpeg(exif=exif, comment=b"SECRET COMMENT")


def heic(width: int = 400, height: int = 300) -> bytes:
    return saved(drawn(width, height), "HEIF")


def moving(frames: int = 6, size: tuple[int, int] = (120, 90)) -> bytes:
    images = [Image.new("RGB", size, (40 * n % 256, 90, 90)) for n in range(frames)]
    return saved(images[0], "GIF", save_all=True, append_images=images[1:], duration=80)


def sound(seconds: float = 1.0) -> bytes:
    """Silence, as a WAV."""
    body = b"\x80" * int(8000 * seconds)
    shape = struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)
    inside = b"WAVEfmt " + shape + b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(inside)) + inside


def huge_png(side: int = 50_000) -> bytes:
    """Two and a half thousand million pixels in 300 kB."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + check

    press = zlib.compressobj(9)
    row = b"\0" * (side // 8 + 1)
    body = b"".join(press.compress(row * 100) for _ in range(side // 100)) + press.flush()
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def endless_gif(frames: int = 100_000) -> bytes:
    head = b"GIF89a" + struct.pack("<HHBBB", 1000, 1000, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02D\x01\x00"
    return head + frame * frames + b";"
