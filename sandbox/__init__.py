"""A stand-in of the GlobalAI OPC API on 127.0.0.1 for the demo, the tests and the benchmarks.

It makes real PNG and MP4 files, keeps an account of what it charged (`GET /sandbox/jobs`), fetches
reference images by URL as the provider does, and misbehaves on demand (`sandbox.chaos`).
It shares nothing with the client but the catalogue, so that a mistake in one is not mirrored in
the other.
"""
