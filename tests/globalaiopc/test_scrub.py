import pytest

from globalaiopc.scrub import scrub


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (
            "No handler found for POST /kyyReactApiServer/v2/model-center/tasks",
            "No handler found for POST (path)",
        ),
        (
            "[SY_ERR:60] HTTP 400: Duration must be between 1.8s and 30.2s.",
            "[SY_ERR:60] HTTP 400: Duration must be between 1.8s and 30.2s.",
        ),
        ("see https://a.example/b.png?Signature=x&y=z，失败", "see (link)，失败"),
        ("访问zcbservice.aizfw.cn:443失败", "访问(host)失败"),
        ("upstream 10.0.0.12:8080 died", "upstream (host) died"),
        ("ratio 16:9 and/or text/html", "ratio 16:9 and/or text/html"),
        ("sent Bearer abc.def, sorry", "sent (key), sorry"),
        ("Incorrect key: sk-abc123***xyz.", "Incorrect key: (key)."),
        ("your key canary-key-1 is old", "your key (key) is old"),
        ("two\nlines\x1b[31m\t and \u200b more", "two lines [31m and more"),
    ],
)
def test_what_others_wrote_is_made_fit_for_a_person(text, clean):
    assert scrub(text, "canary-key-1") == clean


def test_the_key_is_gone_before_anything_is_cut_off():
    for length in range(270, 305):
        text = scrub("x" * length + "canary-key-1" + "y" * 100, "canary-key-1")
        assert len(text) <= 300
        assert "canary" not in text


def test_a_megabyte_is_cut_short():
    assert len(scrub("a." * 500_000)) <= 300
