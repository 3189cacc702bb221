"""The node over HTTP: sync resources, the JSON API, pages. Decides nothing, asks the operations."""
