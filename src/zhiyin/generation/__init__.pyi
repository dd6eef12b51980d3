from zhiyin.generation.encoding import Encoding as Encoding
from zhiyin.generation.gan.network import ConditionalGANModel as ConditionalGANModel
from zhiyin.generation.gan.training import ConditionalGAN as ConditionalGAN
from zhiyin.generation.source import Generated as Generated
from zhiyin.generation.specification import Specification as Specification
from zhiyin.generation.vae.network import ConditionalVAEModel as ConditionalVAEModel
from zhiyin.generation.vae.training import ConditionalVAE as ConditionalVAE
