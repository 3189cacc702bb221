"""Lines of code that load data from where a record says that it is. Text in, text out."""
