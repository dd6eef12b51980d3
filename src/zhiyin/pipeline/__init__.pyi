from zhiyin.pipeline.recipe import Recipe as Recipe
from zhiyin.pipeline.run import run as run
from zhiyin.pipeline.workspace import Workspace as Workspace
