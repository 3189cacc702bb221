"""The API of a node for programs: everything that its pages show, read by anybody; written with a token.

One table declares every route (`table`): from it come what is routed and checked (`resource`), the OpenAPI document
(`openapi`) and the page about it (`about`). Reading asks the operations that the pages ask, writing those of the command line.
"""
