"""One file a format, all with the same four names (see :mod:`abr_model.sources.readers.reader`)."""
