"""Transformers: a person is a sequence; each event looks back at the ones before it to say what comes next."""
