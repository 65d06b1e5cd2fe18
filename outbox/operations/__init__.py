"""Operations: what staff decides to do with deliveries and reactions, and the record of it."""
