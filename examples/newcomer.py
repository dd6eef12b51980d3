"""A newcomer's tasks on a dirty CSV, each in the lines that a user writes.

    python examples/newcomer.py transactions.csv ease-model

The CSV is a shop's invoice lines as they are: InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice,
CustomerID, Country. Nothing is cleaned by hand; the model is saved to the folder named last. The page with everything
of a run in it is a command: ``zhiyin report``.
"""

import sys

import polars as pl

import zhiyin

# from a dirty CSV to ten items in your own ids
dataset = zhiyin.read(sys.argv[1], fixes="shop")
split = zhiyin.split(dataset, "time", days=30)
model = zhiyin.models.EASE().fit(split.train)
print(model.recommend(dataset.history_of(["17850"]), k=10).ids)

# what was left out on the way, and why
print("\n".join(rule.sentence.en for rule in dataset.report))

# a basket of somebody unknown
print(model.recommend([["85123A", "22632", "22633"]], k=10).ids)

# one more event, and the next answer is another
print(model.recommend([["85123A", "22632", "22633", "22865"]], k=10).ids)

# an item that was never sold is named, and the rest is answered
print(model.recommend([["85123A", "NEW001"]], k=3).notes)

# a new item of which only the catalogue's row is known
content = zhiyin.models.ContentKNN().fit(split.train)
new = pl.DataFrame({"item": ["NEW001"], "title": ["HAND WARMER RED FOX DESIGN"], "price": [2.1]})
print(content.recommend([["22632", "22633"]], k=10, new_items=new).ids)

# why each item: what the answer would be without an event, tried
print([item["reason"] for item in zhiyin.explain(model, ["85123A", "22632", "22633"], k=3)["items"]])

# split in time, popularity beside, intervals, the rule in words
evaluation = zhiyin.evaluate({"EASE": model}, split)
print(evaluation)

# is it really better than popularity
print(zhiyin.compare(evaluation))

# save, load elsewhere, the same answer
model.save(sys.argv[2])
print(zhiyin.load(sys.argv[2]).recommend([["85123A", "22632", "22633"]], k=10).ids)

# a server, and an event that changes its very next answer
with zhiyin.serving.beside(model, dataset) as shop:
    print("before", [item["item"] for item in shop.recommend("17850", k=3)["items"]])
    shop.events([{"user": "17850", "item": "22423"}])
    print("after", [item["item"] for item in shop.recommend("17850", k=3)["items"]])

# a mistake is answered with what was found and what to do
try:
    dataset.history_of([17850])
except zhiyin.ZhiyinError as error:
    print(error)
