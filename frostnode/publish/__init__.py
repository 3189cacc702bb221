"""Accept records from their publisher: checked, compared with what is published, handed to the log once."""
