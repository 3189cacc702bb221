"""The search index over Tantivy: schema and analysis, the plan of a query, reading by snapshots, one writer."""
