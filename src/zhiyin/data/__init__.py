"""Raw events to a clean `Dataset`: schema, readers, checks, quarantine, cleaning, histories, catalogue, splits."""
