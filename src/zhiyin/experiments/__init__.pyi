from zhiyin.experiments.ablation import ablate as ablate
