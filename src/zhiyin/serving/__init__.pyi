from zhiyin.serving.app import app_of as app_of
from zhiyin.serving.limits import Limits as Limits
from zhiyin.serving.server import beside as beside
from zhiyin.serving.server import listening as listening
from zhiyin.serving.server import running as running
from zhiyin.serving.server import serve as serve
from zhiyin.serving.service import Service as Service
