from zhiyin.encoders.cache import digest_of as digest_of
from zhiyin.encoders.cache import encode_cached as encode_cached
from zhiyin.encoders.encoder import Encoded as Encoded
from zhiyin.encoders.encoder import Encoder as Encoder
from zhiyin.encoders.encoder import EncoderConfig as EncoderConfig
from zhiyin.encoders.encoder import Unusable as Unusable
from zhiyin.encoders.encoder import estimator as estimator
