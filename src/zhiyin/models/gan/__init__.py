"""Models that learn against an adversary: a critic shapes what an autoencoder's formula shapes elsewhere."""
