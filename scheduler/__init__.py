"""What acts on time: dials what is due, posts results, ends what has expired. It meets ``app`` in the database."""
