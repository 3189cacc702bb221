"""Records as other catalogs write them: pure functions from their documents to records of ours.

Rules:
- no module here opens anything: whoever calls hands in bytes, or a function that reads what is named;
- an importer keeps the whole source document under `metadata`, and copies from it what has a field;
- nothing is required of a source but a name; what does not fit a field stays in `metadata` alone;
- the same document always gives the same record, so that a second import finds what has changed.

In reading order:

    json_values     foreign JSON to values that can be published, with notes
    yaml_values     foreign YAML to the same values
    imported        what all importers do with a document
    aws_open_data   the Registry of Open Data on AWS
    stac            STAC collections: files, JSON Lines, static catalogs
"""
