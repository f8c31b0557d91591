"""A real Digital Slide Archive for tests and developers: MongoDB, Girder, HistomicsUI.

Nothing is faked and nothing needs a container. `install` puts the parts into a cache once,
`stack` runs them on loopback, `provision` fills them through girder-client, `fixtures` offers
all of it to pytest, `python -m tests.support.dsa` to a developer.
"""
