import io

import pytest
from PIL import Image, ImageChops, ImageStat

from tasks.landing import BadMedia, fit_image
from tests.landing.makers import noise, picture

RED, GREEN = (255, 0, 0), (0, 255, 0)


def saved(image, form="PNG", **options):
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def fitted(data, width, height):
    image = Image.open(io.BytesIO(fit_image(data, width, height)))
    assert (image.format, image.mode, image.size) == ("PNG", "RGB", (width, height))
    return image


def near(pixel, wanted, by=6):
    return all(abs(a - b) <= by for a, b in zip(pixel, wanted, strict=True))


def halves(width, height, *, beside=True):
    """Red on the left (or top), green on the right (or bottom)."""
    image = Image.new("RGB", (width, height), RED)
    box = (width // 2, 0, width, height) if beside else (0, height // 2, width, height)
    image.paste(GREEN, box)
    return image


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (64, 64)])
@pytest.mark.parametrize("wanted", [(1280, 720), (720, 1280)])
def test_exact_pixels_of_any_form_and_ratio(form, size, wanted):
    fitted(picture(form, *size), *wanted)


def test_the_wanted_png_comes_back_as_it_is():
    data = picture("PNG", 64, 36)
    assert fit_image(data, 64, 36) is data
    assert fit_image(data, 36, 64) is not data


@pytest.mark.parametrize("mode", ["RGBA", "L", "P"])
def test_a_png_of_the_size_but_another_mode_is_made_rgb(mode):
    fitted(saved(noise(64, 36).convert(mode)), 64, 36)


def test_the_crop_is_centred_and_nothing_is_stretched():
    image = fitted(saved(halves(400, 100)), 100, 100)
    assert near(image.getpixel((20, 50)), RED)
    assert near(image.getpixel((79, 50)), GREEN)
    tall = fitted(saved(halves(100, 400, beside=False)), 100, 100)
    assert near(tall.getpixel((50, 20)), RED)
    assert near(tall.getpixel((50, 79)), GREEN)


def test_resampling_is_smooth_not_nearest():
    board = Image.effect_noise((1024, 1024), 120).convert("RGB")
    small = fitted(saved(board), 128, 128)
    smooth = board.resize((128, 128), Image.Resampling.LANCZOS)
    assert max(ImageStat.Stat(ImageChops.difference(small, smooth)).mean) < 1


def test_exif_orientation_is_honoured_also_when_the_size_fits_already():
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    for form in ("JPEG", "PNG"):
        turned = fitted(saved(halves(64, 36), form, exif=exif), 64, 36)
        assert near(turned.getpixel((5, 18)), GREEN, 40)
        assert near(turned.getpixel((58, 18)), RED, 40)
    exif[0x0112] = 6  # lies on its side
    upright = fitted(saved(halves(64, 36), "JPEG", exif=exif, quality=95), 36, 64)
    assert near(upright.getpixel((18, 5)), RED, 40)
    assert near(upright.getpixel((18, 58)), GREEN, 40)


def test_transparency_is_laid_on_white():
    clear = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    assert fitted(saved(clear), 32, 32).getpixel((16, 16)) == (255, 255, 255)
    half = Image.new("RGBA", (64, 64), (255, 0, 0, 128))
    assert near(fitted(saved(half), 32, 32).getpixel((16, 16)), (255, 127, 127))
    keyed = Image.new("P", (64, 64), 0)
    assert fitted(saved(keyed, transparency=0), 32, 32).getpixel((1, 1)) == (255, 255, 255)


def test_sixteen_bit_grey_keeps_its_brightness():
    grey = Image.new("I;16", (64, 64), 0x8000)
    assert near(fitted(saved(grey), 32, 32).getpixel((5, 5)), (128, 128, 128))


@pytest.mark.parametrize("data", [b"", b"not an image", picture()[:-500], picture("JPEG")[:-500]])
def test_what_does_not_decode_cost_nothing_and_is_the_users(data):
    with pytest.raises(BadMedia) as caught:
        fit_image(data, 64, 36)
    assert (caught.value.charged, caught.value.who_acts) == ("no", "user")
