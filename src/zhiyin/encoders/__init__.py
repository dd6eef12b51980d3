"""Texts, images and sounds to vectors that models read as content: packaged encoders, trained ones, anybody's own."""

from zhiyin.core.lazy import lazily

__getattr__, __dir__ = lazily(
    __name__,
    {
        "Encoded": "encoder",
        "Encoder": "encoder",
        "EncoderConfig": "encoder",
        "Unusable": "encoder",
        "digest_of": "cache",
        "encode_cached": "cache",
        "estimator": "encoder",
    },
)
