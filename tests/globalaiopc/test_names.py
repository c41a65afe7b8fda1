import globalaiopc


def test_every_public_name_is_there_sorted_and_once():
    names = globalaiopc.__all__
    constants = [name for name in names if name.isupper()]
    others = [name for name in names if not name.isupper()]
    assert names == sorted(constants) + sorted(others)
    assert len(set(names)) == len(names)
    for name in names:
        assert hasattr(globalaiopc, name), name


def test_every_error_is_public():
    def family(kind: type) -> set[str]:
        return {kind.__name__}.union(*(family(sub) for sub in kind.__subclasses__()))

    own = {
        name
        for name in family(globalaiopc.GlobalAIOPCError)
        if getattr(globalaiopc.errors, name, None) is not None
    }
    assert own <= set(globalaiopc.__all__)
