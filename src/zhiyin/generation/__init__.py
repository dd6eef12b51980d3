"""What may not exist yet: specifications of items that a person would like and the catalogue may not hold."""

from zhiyin.core.lazy import lazily

__getattr__, __dir__ = lazily(
    __name__,
    {
        "ConditionalGAN": "gan.training",
        "ConditionalGANModel": "gan.network",
        "ConditionalVAE": "vae.training",
        "ConditionalVAEModel": "vae.network",
        "Encoding": "encoding",
        "Generated": "source",
        "Specification": "specification",
    },
)
