import pytest

from globalaiopc import GlobalAIOPCClient, MalformedKey, MissingKey
from globalaiopc.auth import check_key, key_hash

SECRET = "s3cr3tpart"


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("", "empty"),
        ("   ", "only white space"),
        ("\n", "only white space"),
        (f"{SECRET}\n", "line end at its end"),
        (f"{SECRET}\r\n", "line end at its end"),
        (f"{SECRET}\u2028", "line end at its end"),
        (f"{SECRET}\nabc", "line end inside"),
        (f"{SECRET} abc", "white space"),
        (f" {SECRET}", "white space"),
        (f"{SECRET}\tabc", "white space"),
        (f"{SECRET}\u00a0", "white space"),
        (f"Bearer {SECRET}", "'Bearer'"),
        (f"bearer {SECRET}", "'Bearer'"),
        (f"BEARER\t{SECRET}", "'Bearer'"),
        (f"  Bearer {SECRET}\n", "'Bearer'"),
        (f"Authorization: Bearer {SECRET}", "'Bearer'"),
        ("Bearer", "'Bearer'"),
        (f'"{SECRET}"', "quotation marks"),
        (f"{SECRET}\u200b", "invisible"),
        (f"{SECRET}\x00", "invisible"),
        (f"{SECRET}é", "no key has"),
        ("your-api-key", "placeholder"),
        ("YOUR_API_KEY", "placeholder"),
        ("your_key_here", "placeholder"),
        ("your-globalaiopc-key", "placeholder"),
        ('"your-api-key"', "placeholder"),
        ("sk-your-key", "placeholder"),
        ("<key>", "placeholder"),
        ("<YOUR_API_KEY>", "placeholder"),
        ("[key]", "placeholder"),
        ("{api_key}", "placeholder"),
        ("${GLOBALAIOPC_API_KEY}", "placeholder"),
        ("$GLOBALAIOPC_API_KEY", "placeholder"),
        ("%GLOBALAIOPC_API_KEY%", "placeholder"),
        ("GLOBALAIOPC_API_KEY", "placeholder"),
        ("globalaiopc-api-key", "placeholder"),
        ("sk-xxx", "placeholder"),
        ("sk-xxxxxxxxxxxxxxxx", "placeholder"),
        ("xxxx", "placeholder"),
        ("sk-...", "placeholder"),
        ("********", "placeholder"),
        ("changeme", "placeholder"),
        ("api_key", "placeholder"),
        ("None", "placeholder"),
    ],
)
def test_a_key_that_cannot_be_one_is_refused_in_a_sentence_without_it(key, says):
    with pytest.raises(MalformedKey, match=says) as caught:
        check_key(key)
    assert SECRET not in f"{caught.value} {caught.value!r}"
    assert caught.value.charged == "no"
    assert "GLOBALAIOPC_API_KEY" in caught.value.advice


@pytest.mark.parametrize(
    "key",
    [
        "sk-1234567890abcdef",
        "eyJhbGciOi.J9-_~+/=",
        "bearer-of-news-1",
        "keykey1",
        "sandbox-key",
        "demo",
        "yours3cr3t",
        "xX12",
    ],
)
def test_a_key_of_any_other_form_is_taken(key):
    """The format is not documented, so nothing else is assumed."""
    assert check_key(key) == key


def test_without_a_key_the_variable_is_named(monkeypatch):
    monkeypatch.delenv("GLOBALAIOPC_API_KEY", raising=False)
    with pytest.raises(MissingKey, match="GLOBALAIOPC_API_KEY"):
        GlobalAIOPCClient()
    monkeypatch.setenv("GLOBALAIOPC_API_KEY", "")
    with pytest.raises(MissingKey, match="GLOBALAIOPC_API_KEY"):
        GlobalAIOPCClient()


async def test_the_key_of_the_environment_is_used(monkeypatch):
    monkeypatch.setenv("GLOBALAIOPC_API_KEY", "from-the-environment")
    async with GlobalAIOPCClient() as client:
        assert client.key_hash == key_hash("from-the-environment")
    assert len(client.key_hash) == 12
