"""The people at the other end: what their phones can do and what they say (555-01xx only)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """`fails` is the error of every message to them; `refused` makes the send itself answer
    ``failed``; `checkable` off makes a capability check answer 503. The rest is demo behaviour:
    `knows` are (words, answer) pairs tried in order, `lines` what they say otherwise, `sends` the
    files of the sandbox that come along with something they say."""

    address: str
    name: str | None = None
    imessage: bool = True
    rcs: bool = False
    receipts: bool = False
    sms_receipts: bool = False
    fails: str | None = None
    error_code: str | None = None
    refused: bool = False
    checkable: bool = True
    answers: bool = False
    tapback: str | None = None
    opener: str | None = None
    knows: tuple[tuple[str, str], ...] = ()
    lines: tuple[str, ...] = ()
    sends: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def along(self, text: str | None) -> tuple[str, ...]:
        """What comes along with these words."""
        return dict(self.sends).get(text or "", ())

    @property
    def protocol(self) -> str:
        """What a message to them ends up as."""
        if self.imessage:
            return "imessage"
        return "rcs" if self.rcs else "sms"


TRAITS = {
    "name": str,
    "imessage": bool,
    "rcs": bool,
    "receipts": bool,
    "sms_receipts": bool,
    "fails": str,
    "error_code": str,
    "refused": bool,
    "checkable": bool,
}
"""What a test may change about a person while the sandbox runs."""


@dataclass(frozen=True)
class Gathering:
    """A group that is there from the start. Its members answer by turns."""

    group_id: str
    name: str
    chat_guid: str
    members: tuple[str, ...]
    opener: str | None = None
    lines: tuple[str, ...] = ()


DEMO_PEOPLE = (
    Person(
        "+12125550137",
        "Amara Okonkwo",
        receipts=True,
        answers=True,
        tapback="love",
        opener="Hi! The lamp I ordered arrived today but the base is cracked 😕",
        knows=(
            ("order number|order no|which order|reference", "It's order 20431."),
            (
                "address|where do you live|deliver to",
                "18 Alder Street, apartment 3, same as last time.",
            ),
            ("photo|picture|image", "Sure, here is the box it came in, and a closer one."),
            (
                "thursday|friday|monday|tuesday|wednesday|when|what time|morning",
                "Thursday between 8 and 11 is perfect.",
            ),
            ("refund|money", "I'd rather have a new one than the money, if that's possible."),
            ("sorry|apolog", "No worries, these things happen. Thanks for being so quick!"),
        ),
        lines=(
            "Thank you! That would be great.",
            "Okay, got it 👍",
            "Perfect. Is there anything else you need from me?",
            "Lovely, I'll keep an eye on my phone then.",
        ),
        sends=(
            (
                "Hi! The lamp I ordered arrived today but the base is cracked 😕",
                ("lamp-cracked.jpg",),
            ),
            (
                "Sure, here is the box it came in, and a closer one.",
                ("lamp-box.jpg", "lamp-base.jpg"),
            ),
        ),
    ),
    Person(
        "+16285550148",
        "Wojciech Brzęczyszczykiewicz-Kowalski",
        answers=True,
        opener="Is the extending table in stock in oak, or only the walnut one we saw?",
        knows=(
            ("how many|seat|people", "Usually six, but ten of us over the holidays."),
            ("walnut|oak|colour|color", "Oak would be my first choice, it has to match the floor."),
            ("size|measure|cm|inch|width", "The room is 3.4 by 4.1 metres."),
            (
                "price|cost|discount|offer",
                "That's within what we planned. Does it include delivery?",
            ),
            ("when|what time|day|week", "Any day after four, or Saturday morning."),
        ),
        lines=(
            "Good to know, thank you.",
            "Let me talk to my wife and come back to you tonight.",
            "Could you keep one for us until Saturday?",
            "Great, then we'll take it.",
        ),
    ),
    Person(
        "+13135550126",
        "محمد العتيبي",
        receipts=True,
        answers=True,
        opener="مرحبا، متى يصل الطلب رقم 20418؟ شكرًا",
        knows=(
            ("order|number|رقم|الطلب", "رقم الطلب 20418."),
            ("address|عنوان|العنوان", "العنوان هو 7 شارع النخيل، الطابق الثاني."),
            ("when|time|day|متى|موعد|غدا", "غدًا بعد الظهر يناسبني، إن شاء الله."),
        ),
        lines=(
            "شكرًا جزيلًا على الرد السريع.",
            "ممتاز، أنا في الانتظار.",
            "تمام 👍 هل أحتاج إلى شيء آخر؟",
        ),
    ),
    Person(
        "+16465550119",
        "Grace Adeyemi",
        imessage=False,
        answers=True,
        opener="hi is the sofa cover washable? texting from my work phone",
        knows=(
            ("which|model|sofa", "the three seater, in clay"),
            ("degree|wash|30|cover", "great that's all i needed to know"),
            ("address|email|e-mail", "grace.adeyemi@example.com"),
            ("when|time|day", "tomorrow after 5 works"),
        ),
        lines=("ok thank you", "sounds good", "got it, will call if anything comes up"),
    ),
    Person(
        "+14155550162",
        "Chukwuemeka Obi",
        receipts=True,
        answers=True,
        tapback="emphasize",
        knows=(
            ("when|time|day|slot", "Could we do the earliest slot you have?"),
            ("invoice|receipt|bill", "Please put the company name on it: Obi & Daughters."),
            ("address|deliver", "Same building, but please ring at the side door."),
            ("phone|call|number|contact", "Best to call my daughter, she has the keys."),
        ),
        lines=("On it!", "Brilliant, thanks.", "One sec, I'm on the train. Yes, that works."),
        sends=(("Best to call my daughter, she has the keys.", ("ada-obi.vcf",)),),
    ),
    Person("+13125550187", "Ruth Goldberg"),
    Person(
        "+16695550137",
        "Dmitri Volkov",
        fails="This number is not in service.",
        error_code="not_in_service",
    ),
    Person(
        "sofia.hernandez@example.com",
        "Sofía Hernández-Villalobos",
        receipts=True,
        answers=True,
        opener="¡Hola! One of the chairs wobbles, I'm writing from my iPad.",
        knows=(
            (
                "phone|call|number",
                "I don't have a phone with me this week, only this address works.",
            ),
            ("photo|picture|video", "I'll film it tonight so that you can see it."),
            ("sound|noise|hear|record", "Listen, it nearly sings a tune when one sits down:"),
            ("when|time|day", "Any day this week is fine."),
        ),
        lines=(
            "¡Gracias! That helps.",
            "Okay, I'll try that and tell you.",
            "It still wobbles a bit, but better.",
        ),
        sends=(("Listen, it nearly sings a tune when one sits down:", ("voice-memo.wav",)),),
    ),
    Person(
        "+15105550102",
        "Siobhan Murphy",
        receipts=True,
        answers=True,
        lines=("Grand, thanks a million.", "That works for me."),
    ),
    Person(
        "+15105550193", "Tāne Parata", answers=True, lines=("Sweet as.", "Yep, I can be there.")
    ),
    Person(
        "+14155550171",
        "Marisol Quiñones Ibarra",
        receipts=True,
        answers=True,
        lines=("Perfect!", "I'll let the others know."),
    ),
)

DEMO_GROUPS = (
    Gathering(
        "grp_loft4b",
        "Loft 4B move-in",
        "iMessage;+;chat555014155501",
        ("+15105550102", "+15105550193", "+14155550171"),
        opener="Lift is booked 10–12, then it's stairs only",
        lines=(
            "I can be there from 9 to open the door.",
            "Is the big wardrobe coming in one piece? It won't fit the lift.",
            "I'll bring coffee for the crew ☕️",
            "The doorman wants the driver's name, can you send it?",
            "All good from my side.",
        ),
    ),
)
