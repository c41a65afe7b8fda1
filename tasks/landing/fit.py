"""An image of exactly the pixels that a video model wants of its reference."""

import io
import zlib

from PIL import Image, ImageOps

from tasks.landing.errors import BadMedia, NotMediaError
from tasks.landing.verify import open_image

EXIF_ORIENTATION = 0x0112
UPRIGHT = 1
SIXTEEN_BIT_STEP = 257
FAST = {"compress_level": 1, "compress_type": zlib.Z_RLE}
"""A fifth of the default's time for a photograph, and no larger: a batch fits hundreds."""


def fit_image(data: bytes, width: int, height: int) -> bytes:
    """A PNG of exactly `width` x `height` pixels, RGB, from a PNG, JPEG or WebP.

    Turned upright (EXIF), alpha laid on white, cropped evenly at two sides to the wanted ratio and
    resampled (Lanczos). Bytes that are such a PNG already come back unchanged, so that their hash
    stays. CPU-bound, tens of milliseconds: call it through `asyncio.to_thread`.
    Raises BadMedia (nothing was charged for it) when the image cannot be decoded.
    Source of the need: "docs: sora-create", the reference has to be of the output's size.
    """
    try:
        with open_image(io.BytesIO(data)) as image:
            image.load()
            if _is_already(image, width, height):
                return data
            upright = ImageOps.exif_transpose(image)
            fitted = ImageOps.fit(
                _rgb_on_white(upright), (width, height), method=Image.Resampling.LANCZOS
            )
    except (NotMediaError, OSError, SyntaxError, ValueError) as error:
        reason = str(error) if isinstance(error, NotMediaError) else "the image does not decode"
        raise BadMedia(
            f"An image could not be fitted to {width}x{height}: {reason}.",
            charged="no",
            who_acts="user",
            advice="Give another image: PNG, JPEG or WebP.",
        ) from error
    out = io.BytesIO()
    fitted.save(out, "PNG", **FAST)
    return out.getvalue()


def _is_already(image: Image.Image, width: int, height: int) -> bool:
    return (
        image.format == "PNG"
        and image.size == (width, height)
        and image.mode == "RGB"
        and not image.has_transparency_data
        and image.getexif().get(EXIF_ORIENTATION, UPRIGHT) == UPRIGHT
    )


def _rgb_on_white(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        # Pillow clips 16-bit grey instead of scaling it: all but the darkest would turn white.
        grey = image.convert("I").point(lambda value: value * (1 / SIXTEEN_BIT_STEP))
        return grey.convert("L").convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    white = Image.new("RGBA", layer.size, "white")
    return Image.alpha_composite(white, layer).convert("RGB")
