"""Everything that a person or a program can ask of a node: plain values in, plain values (JSON) out.

The command line, the control socket, the JSON API and the pages all ask here, so they cannot disagree.
"""
