"""What a request may say: pure reading and checking, without database, network or Flask."""
