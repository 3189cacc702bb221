"""Carry logs between nodes, trusting none.

cursor       where a stream of arrivals stands
serve        what is held, as frames
policy       whom a node carries and how much: facts in, verdict out
policy_table the policy as settings, and back
carrying     what this node carries, as it stands
admission    the one door on the way in
store_held   what the store holds, as a follower asks for it
ingest       judge frames and store what they prove
intake       read one long answer ahead while it is judged
listing      pages of heads and of what is withheld
static_tree  tiles and bundles of one log, as frames
static       the static paths of any web server, as frames
about        what a node says of itself, and where a node can be
known        what each neighbour is known to have
slots        at most one transfer of a log at a time
turns        how many things at once, for whom
body_chunks  the body of a request as it comes, bounded
offer_form   offers, takes and leases between JSON and values
offer_judge  what is wanted of an offered log
taking       the frames of one take
offer_desk   where offers and takes come in
refused_takes  what is shown of takes that were refused
lease_desk   where nodes ask to be pushed to
lease_asker  ask to be pushed to
outgoing     what is still to be offered to one node
offer        offer to one node, and send what it wants
offering     who is offered to
metered      what one peer may cost
head_index   the heads of this node in order
range_listing  ranges of heads as JSON
repair       in which logs a peer differs
scope        for which publishers a cursor speaks
conversation  streams that are judged, one log, an identity, files
session      one conversation with a peer
follow       keep up with one peer
peers        who is asked for what
absent       ask others for bodies that came from nobody
keeper       keep all peers of a home
node_url     addresses of nodes
discovery    find further nodes through those that are followed
again        look again at what was refused
world        what following needs, and what people see of it
"""
