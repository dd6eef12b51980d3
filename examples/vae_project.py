"""The project on one page: a VAE learns from a shop's real log, and items near a person are recommended.

Load, clean, train on behaviour, encode the person and the candidate items (an item is a history of one), compare by
cosine similarity, take the best k, and check against what was really bought later. Run: python examples/vae_project.py
"""

import numpy as np

import zhiyin
from zhiyin.data.bundled import online_retail
from zhiyin.models.vae.cosine import VAECosineModel

# 1. Load a year of a gift shop, with all of its dirt; clean it; cut it in time, so that the future stays unseen.
dataset = zhiyin.read(online_retail(), fixes="shop")
print(*(step.sentence.en for step in dataset.report), sep="\n")
split = zhiyin.split(dataset)
print(dataset, split.rule, sep="\n")

# 2. Train the VAE on who bought what.
vae = zhiyin.models.MultVAE(epochs=12, seed=1).fit(split.train)
print(vae.facts["verdict"])

# 3. Encode five people, and every item as a history of one.
five = split.test.take(np.arange(5))
people = vae.encode(five.requests.histories)  # (5, 200)
items = vae.encode_items()  # (N, 200)

# 4. Cosine similarity, what was bought before left out, the best ten.
people, items = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True) for vectors in (people, items))
cosine = people @ items.T  # (5, N)
for person in range(5):
    cosine[person, five.requests.exclude[person]] = -np.inf
    bought = set(five.targets[person].tolist())
    print(f"\n{dataset.users[five.users[person]]} bought {len(bought)} new items later; nearest:")
    for row in np.argsort(-cosine[person])[:10]:
        mark = "bought" if row in bought else ""
        print(f"  {cosine[person, row]:.3f}  {mark:6}  {dataset.catalogue.columns['title'][row]}")

# 5. All people, with intervals, beside popularity and chance, and beside the VAE's own decoder.
evaluation = zhiyin.evaluate({"cosine": VAECosineModel.of(vae), "decoder": vae}, on=split)
print(evaluation)
print(zhiyin.compare(evaluation))
