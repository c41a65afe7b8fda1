"""Wishes: the plainest and the fullest that a row allows, and ones with something odd in them."""

from collections.abc import Collection

from hypothesis import strategies as st

from globalaiopc import Catalogue, ModelRow
from globalaiopc.generation import Generation
from globalaiopc.requests import MEDIA_REQUESTS
from globalaiopc.rows import WORDS

CATALOGUE = Catalogue.load()
MEDIA_ROWS = [row for row in CATALOGUE if row.endpoint in MEDIA_REQUESTS]
UNDESCRIBED = [CATALOGUE.model(f"{endpoint}/new-model") for endpoint in MEDIA_REQUESTS]

_PNG, _PNG_2, _MP4, _WAV = (
    f"https://media.example/{name}?X-Amz-Signature=s"
    for name in ("1.png", "2.png", "1.mp4", "1.wav")
)
_REFERENCES = {"image": _PNG, "video": _MP4, "audio": _WAV}
_ODD_MEDIA = st.sampled_from(
    [
        *("", " ", "/home/me/a.png", "data:image/png;base64,iVBORw0KGgo=", "asset://a-1"),
        *("assetId://a-1", "ftp://a.example/x", "HTTPS://media.example/a.png", "https://"),
        *("https://媒体.example/图.png", "https://a b.example/", "https://[", _PNG, _MP4),
    ]
)
_ODD_TEXT = st.sampled_from(
    ["", " ", "720p", "1080P", "2K", "4k", "768p", "adaptive", "16:9", "9:16", "7:3", "low", "high"]
)
_ODD: dict[str, st.SearchStrategy] = {
    "prompt": st.sampled_from(["", " \n", "word " * 1100, "纸" * 600, "x" * 6000, "纸船\x00"]),
    "seconds": st.integers(-1, 40),
    "size": st.sampled_from(["1024x1024", "1280x720", "1x1", "2560x1440"]),
    "first_frame": _ODD_MEDIA,
    "last_frame": _ODD_MEDIA,
    "images": st.lists(_ODD_MEDIA, max_size=8).map(tuple),
    "videos": st.lists(_ODD_MEDIA, max_size=4).map(tuple),
    "audios": st.lists(_ODD_MEDIA, max_size=4).map(tuple),
    "sound": st.booleans(),
    "seed": st.integers(-2, 2**31),
    **dict.fromkeys(("ratio", "resolution", "quality", "voice"), _ODD_TEXT),
}


def media_for(row: ModelRow, references: dict[str, int]) -> dict[str, object]:
    """So many references, or frames where the row cannot do without."""
    if row.first_frame == "needed":
        return {"first_frame": _PNG, "last_frame": _PNG_2 if row.last_frame == "needed" else None}
    return {f"{kind}s": (_REFERENCES[kind],) * count for kind, count in references.items()}


def plain_wish(row: ModelRow) -> Generation:
    """What the model cannot do without, and nothing else."""
    references = dict(row.references_needed)
    if row.needs_media and not references:
        references = {"image": 1}
    words = media_for(row, references)
    if row.needs_voice:
        words["voice"] = "voice-1"
    prompt = "a paper boat" if row.needs_prompt else ""
    return Generation(model=name_of(row), prompt=prompt, **words)


def full_wish(row: ModelRow) -> Generation:
    """All that the row lets be said at once."""
    references = dict(row.references)
    if row.images_beside_video is not None:
        references["image"] = row.images_beside_video
    words: dict[str, object] = {
        **plain_wish(row).words(),
        "resolution": row.resolutions[-1] if row.resolutions else None,
        "quality": row.qualities[-1] if row.qualities else None,
        "sound": True if row.sound else None,
        "seed": row.seeds[0] if row.seeds else None,
    }
    if row.frames_exclude_references:
        words |= media_for(row, references)
    else:
        both = {f"{kind}s": (_REFERENCES[kind],) * n for kind, n in references.items()}
        words |= {"first_frame": _PNG, "last_frame": _PNG_2, **both}
    if not row.video_decides:
        words["seconds"] = row.seconds[-1] if row.seconds else None
        words["ratio"] = row.ratios[-1] if row.ratios else None
    return Generation(
        model=name_of(row), prompt="" if row.prompt_limit == 0 else "a paper boat", **words
    )


def framed_wish(row: ModelRow) -> Generation:
    """As much of the frames as the row takes."""
    words: dict[str, object] = {"voice": "voice-1" if row.needs_voice else None}
    if row.first_frame != "no" and not row.references_needed:
        words["first_frame"] = _PNG
        if row.last_frame != "no":
            words["last_frame"] = _PNG_2
        return Generation(model=name_of(row), prompt="a paper boat", **words)
    return plain_wish(row)


def name_of(row: ModelRow) -> str:
    return f"{row.endpoint}/{row.name}" if row.lenient else CATALOGUE.id_of(row)


@st.composite
def wishes(draw, rows: Collection[ModelRow]) -> Generation:
    """A wish that the row allows, less some of its words, and with up to two odd ones."""
    row = draw(st.sampled_from(list(rows)))
    good = draw(st.sampled_from([plain_wish, full_wish, framed_wish]))(row)
    left_out = draw(st.sets(st.sampled_from(WORDS), max_size=4))
    words = {word: value for word, value in good.words().items() if word not in left_out}
    words["prompt"] = good.prompt
    for word in draw(st.sets(st.sampled_from(list(_ODD)), max_size=2)):
        words[word] = draw(_ODD[word])
    return Generation(model=good.model, **words)
