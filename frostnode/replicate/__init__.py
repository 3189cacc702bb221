"""Carry logs between nodes, trusting none.

cursor       where a stream of arrivals stands
serve        what is held, as frames
policy       whom a node carries and how much: facts in, verdict out
policy_table the policy as settings, and back
carrying     what this node carries, as it stands
admission    the one door on the way in
ingest       judge frames and store what they prove
intake       read one long answer ahead while it is judged
listing      pages of heads and of what is withheld
static_tree  tiles and bundles of one log, as frames
static       the static paths of any web server, as frames
scope        for which publishers a cursor speaks
session      one conversation with a peer
follow       keep up with one peer
again        look again at what was refused
world        what following needs, and what people see of it
"""
