from zhiyin.experiments.ablation import ablate as ablate
from zhiyin.experiments.content import weigh_content as weigh_content
from zhiyin.experiments.planning import plan as plan
from zhiyin.experiments.tuning import tune as tune
