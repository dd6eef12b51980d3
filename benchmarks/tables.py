"""The tables of ``docs/figures.md`` from the files in ``benchmarks/results``: `python -m benchmarks.tables`."""

import json
import statistics
from pathlib import Path
from typing import Any

from scipy import stats

from benchmarks.cells import mean_and_error
from benchmarks.protocols import RESULTS
from zhiyin.generation.judgement import GOALS, reached

PAGE = Path(__file__).parents[1] / "docs" / "figures.md"
CLEAR = 0.95
"""Precision and recall from which a check counts as finding its defect."""
PAIRS = (
    ("MultVAE", "RecBole-MultiVAE"), ("RecVAE", "MultVAE"), ("RecVAE", "EASE"), ("RecVAE", "EASE-tuned"),
    ("RecVAE+EASE", "RecVAE"), ("RecVAE+EASE", "EASE-tuned"),
)  # fmt: skip
"""Models whose difference on the same splits is told."""
HEAD = """# Figures

Written by `python -m benchmarks.tables` from the files in `benchmarks/results`; `make bench` makes those again. One
thread, CPU seconds, each in a process of its own, in turns; with one turn a ratio is a first look, not a result.
"Ratio" is ours to the best peer of the row; above 1 we are ahead. A goal that is missed stands here as missed.
"""


def speed() -> list[str]:
    """One line a row of `benchmarks.speed` that was run."""
    lines = ["## Speed", "", "| job | ours | peers | ratio | goal | turns |", "|---|---|---|---|---|---|"]
    tried = []
    for path in sorted(RESULTS.glob("speed-*.json")):
        row: dict[str, Any] = json.loads(path.read_text())
        fewer = {who for who, turns in row["turns"].items() if len(turns) < len(row["turns"]["zhiyin"])}
        peers = ", ".join(
            f"{who} {value:.4g}{' (1 turn)' if who in fewer else ''}"
            for who, value in row["medians"].items() if who != "zhiyin"
        )  # fmt: skip
        against = row.get("goal_against", row["best_peer"])
        reached = "reached" if row.get("goal_ratio", row["ratio"]) >= row["goal"] else "**missed**"
        if against != row["best_peer"]:
            reached = f"{against}: {row['goal_ratio']:.2f} x, {reached}"
        lines.append(
            f"| {row['title']} ({row['figure']}) | {row['medians']['zhiyin']:.4g} | {peers} | {row['ratio']:.2f} x "
            f"{row['best_peer']} | {row['goal']:g} x: {reached} | {len(row['turns']['zhiyin'])} |"
        )
        if "tried" in row and "missed" in reached:
            steps = [*row.get("attempts", []), {"tried": row["tried"], "ratio": row.get("goal_ratio", row["ratio"])}]
            said = "; ".join(f"{step['tried']}: {step['ratio']:.2f} x" for step in steps)
            tried.append(f"- {row['title']}: {said}")
    return [*lines, "", "Tried where a goal was missed:", "", *tried] if tried else lines


def closed_form() -> list[str]:
    """EASE beside LAPACK alone, the limit of the machine."""
    found = json.loads((RESULTS / "linear.json").read_text())["amazon-beauty"]
    ours, limit = (statistics.median(found[name]) for name in ("fit_cpu_s", "lapack_cpu_s"))
    text = (
        f"EASE over {found['items']:,} items: {ours:.2f} CPU s, {ours / limit:.2f} times the {limit:.2f} of LAPACK "
        f"alone (goal: at most 1.15), {len(found['fit_cpu_s'])} turn."
    )
    return ["", text]


def everybody() -> list[str]:
    """Lists for a million people, beside RecTools and within its memory."""
    found = json.loads((RESULTS / "everybody.json").read_text())
    whole, random, reached = found["everybody"], found["random"], found["ratio"] >= found["goal"]
    within = whole["peak_gib"] <= found["goal_gib"]
    text = (
        f"Lists for everybody: {found['people']:,} histories, {found['items']:,} items, k = {found['k']}, "
        f"{found['width']} numbers a vector, to one Parquet file with ids: {whole['people_per_cpu_s']:,.0f} people per "
        f"CPU s, {whole['peak_gib']:.2f} GiB resident (goal: {found['goal_gib']:g}{'' if within else ', **missed**'}). "
        f"In turns on {found['people_in_turns']:,} people, from histories to the file, "
        f"{found['medians']['zhiyin']:,.0f} against the {found['medians']['rectools']:,.0f} of RecTools from the same "
        f"vectors, ready, to a frame: {found['ratio']:.2f} x (goal {found['goal']:g} x: "
        f"{'reached' if reached else '**missed**'}, {len(found['turns']['zhiyin'])} turns). A network's vectors let "
        f"most items be sifted away; on random normal vectors, where nothing is alike, both from ready vectors: "
        f"{random['medians']['zhiyin']:,.0f} against {random['medians']['rectools']:,.0f}, {random['ratio']:.2f} x."
    )
    return ["", text]


def ingesting() -> list[str]:
    """What was tried for Parquet, and the memory of a large log."""
    found = json.loads((RESULTS / "ingest.json").read_text())
    ours, pages = (statistics.median(found[name]) for name in ("ids_by_hash", "ids_from_pages"))
    large, csv = found["large"], {name: statistics.median(seconds) for name, seconds in found["csv"].items()}
    text = (
        f"Tried for CSV: {found['rows']:,} rows take {csv['as_it_is']:.2f} CPU s as it is, in batches of four times as "
        f"many rows {csv['four_times_the_batch']:.2f}, looked up four times as many at once "
        f"{csv['four_times_the_step']:.2f} ({len(found['csv']['as_it_is'])} turns). "
        f"Tried for Parquet: whole columns, numbered by counting and by Arrow's dictionary, with a radix sort of all "
        f"rows, 2.30 x pandas; now batches, a hash table and a sort in blocks, the ratio above. Numbering the ids of "
        f"{found['rows']:,} rows from Parquet's own dictionary pages takes {pages:.2f} CPU s, from their text "
        f"{ours:.2f} ({len(found['ids_by_hash'])} turns). {large['rows']:,} rows, each of which stands twice, are "
        f"taken into a workspace within {large['peak_gib']:.2f} GiB, and looked at by all checks within "
        f"{large['peak_gib_with_checks']:.2f} (goal: 4)."
    )
    return ["", text]


def agreement() -> list[str]:
    """EASE beside the peers' EASE: closed form, so that figures must be equal."""
    found = json.loads((RESULTS / "agreement.json").read_text())
    lines = [
        "", "## Agreement", "",
        f"EASE on {found['data']}, last item out, {found['people']:,} people, one function judging all lists "
        "([why RecTools differs](decisions/0004-ease.md)).", "",
        "| whose EASE | recall@10 | NDCG@10 |", "|---|---|---|",
    ]  # fmt: skip
    return lines + [
        f"| {who} | {figures['recall@10']:.6f} | {figures['ndcg@10']:.6f} |" for who, figures in found["ease"].items()
    ]


def quality() -> list[str]:
    """One line for every cell that is kept."""
    said = (
        "The cells that are kept. Settings were chosen on the validation part of seed 0, whose test was seen "
        'meanwhile. "Rising": the validation figure was best in the last epoch, so that more epochs would give more. '
        "On ML-1M our SASRec reads 200 events, RecTools' 50."
    )
    lines = [
        "", "## Quality", "",
        said, "",
        "| model | data, protocol | seed | people | recall@10 | NDCG@10 | NDCG@100 | fitted on validation too |",
        "|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for path in sorted((RESULTS / "quality").glob("*.json")):
        cell = json.loads(path.read_text())
        figures = [_figure(cell, metric) for metric in ("recall@10", "ndcg@10", "ndcg@100")]
        told = [_who(cell), f"{cell['data']}, {cell['protocol']}", cell["seed"], cell.get("people", "–"), *figures]
        lines.append(f"| {' | '.join(map(str, told))} | {'yes' if cell['saw_validation'] else 'no'} |")
    return lines + _means()


def _means() -> list[str]:
    """Models that were measured on several splits, all on the same ones, and what lies between them."""
    values: dict[tuple[str, str], dict[str, dict[int, float]]] = {}
    for path in sorted((RESULTS / "quality").glob("*.json")):
        cell = json.loads(path.read_text())
        if "ndcg@100" in cell:
            place = values.setdefault((cell["data"], cell["protocol"]), {})
            place.setdefault(cell["model"], {})[cell["seed"]] = cell["ndcg@100"]
    lines = ["", "| model | data, protocol | mean NDCG@100 ± standard error over splits |", "|---|---|---|"]
    between = ["", "| NDCG@100 of one less the other's | mean over splits [95 %, paired] |", "|---|---|"]
    for (data, protocol), models in values.items():
        several = {model: found for model, found in models.items() if len(found) > 1}
        lines += [
            f"| {model} | {data}, {protocol} | {mean_and_error(list(of.values()))} |" for model, of in several.items()
        ]
        for one, other in PAIRS:
            if one in several and other in several:
                seeds = sorted(several[one].keys() & several[other].keys())
                between.append(_between(one, other, [several[one][seed] - several[other][seed] for seed in seeds]))
    return lines + between


def _between(one: str, other: str, differences: list[float]) -> str:
    mean, error = statistics.mean(differences), statistics.stdev(differences) / len(differences) ** 0.5
    half = error * float(stats.t.ppf(0.975, len(differences) - 1))
    return f"| {one} − {other} | {mean:+.4f} [{mean - half:+.4f}, {mean + half:+.4f}] |"


def datasets() -> list[str]:
    """What `zhiyin ingest` and `zhiyin run` make of each real set, no code, the recipe as it comes."""
    lines = [
        "", "## Real sets through `ingest` and `run`", "",
        "The recipe of `zhiyin init`, no fix, no code. NDCG@10 of the best list and of the better popularity.", "",
        "| data | events | people | items | split | cases | best list | NDCG@10 | popularity |",
        "|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for path in sorted((RESULTS / "datasets").glob("*.json")):
        found = json.loads(path.read_text())
        best, popular = found["lists"][found["best"]], found["lists"][found["popularity"]]
        rule = found["split"].split(";")[0].split(":")[0]
        lines.append(
            f"| {found['data']} | {found['events']:,} | {found['users']:,} | {found['items']:,} | {rule} | "
            f"{found['cases']:,} | {found['best']} | {best['value']:.4f} [{best['low']:.4f}, {best['high']:.4f}] | "
            f"{popular['value']:.4f} |"
        )
    return lines


def ablations() -> list[str]:
    """What large models' columns add, by four predictors, beside the shuffled control."""
    lines = [
        "", "## Ablation", "",
        "NDCG@10 that the columns of large models add to all other columns, same predictor, paired over people, Holm "
        "over a table (`benchmarks.ablation`); bold: p < 0.05. Shuffled: the same columns stand with other people, so "
        "that a gain would be an error.",
    ]  # fmt: skip
    for path in sorted(RESULTS.glob("ablation-*.json")):
        found = json.loads(path.read_text())
        lines += [
            "", f"**{found['data']}**, {found['people']:,} people: {found['verdict']}.", "",
            f"![What large models' columns add on {found['data']}](pictures/ablation-{found['data']}.svg)", "",
            "| columns | predictor | adds | p | shuffled |", "|---|---|---|---|---|",
        ]  # fmt: skip
        for cell, control in zip(found["cells"], found["control"]["cells"], strict=True):
            p = f"{cell['p_holm']:.3f}"
            lines.append(f"| {cell['features']} | {cell['predictor']} | {_added(cell)} | {p} | {_added(control)} |")
    return lines


def folds() -> list[str]:
    """What the out-of-fold table costs beside the trainings in it."""
    found = _kept("folds")
    if not found:
        return []
    lines = ["", "## Out-of-fold features", "", "| data | folds | rows | trainings | their CPU s | table, CPU s | "
             "ratio (goal: at most 2) |", "|---|---|---|---|---|---|---|"]  # fmt: skip
    for row in found.values():
        ratio = f"{row['ratio']:.2f}" if row["ratio"] <= row["goal"] else f"**{row['ratio']:.2f}**"
        cells = (row["data"], row["folds"], f"{row['rows']:,}", row["trainings"], f"{row['trainings_cpu_s']:.0f}",
                 f"{row['table_cpu_s']:.0f}", ratio)  # fmt: skip
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return lines


def components() -> list[str]:
    """What each component of a large model adds to the whole."""
    found = _kept("components")
    if not found:
        return []
    lines = [
        "", "## Components", "",
        "Each switched off, the rest as it is (`benchmarks.components`); paired over people, 95 % intervals, bold "
        "where 0 is outside.", "",
        "| model | data, protocol | whole | without | adds |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for model, told in found.items():
        place = f"{told['data']}, {told['protocol']}, {_seeds(told['seeds'])}"
        whole = f"{told['metric']} {told['whole']:.4f}"
        for part, cell in told["components"].items():
            adds = f"{cell['adds']:+.4f} [{cell['low']:+.4f}, {cell['high']:+.4f}]"
            adds = f"**{adds}**" if cell["low"] > 0 or cell["high"] < 0 else adds
            lines.append(f"| {model} | {place} | {whole} | {part}: {cell['without']:.4f} | {adds} |")
    return lines


def onward() -> list[str]:
    """Going on from an earlier version beside learning everything again."""
    found = _kept("onward")
    if not found:
        return []
    told = next(iter(found.values()))
    lines = [
        "", "## Going on from an earlier version", "",
        f"Online Retail, NDCG@10 of the last 30 days, {told['cases']:,} people. The version before ends 30 days "
        f"earlier and lacks {told['new_items']:,} of {told['items']:,} items; going on takes a third of the epochs "
        "(`benchmarks.onward`).", "",
        "| model | as it was | gone on | learned again | gap | CPU s, going on and again |",
        "|---|---|---|---|---|---|",
    ]  # fmt: skip
    for model, row in found.items():
        gap = f"{row['gap']['difference']:+.4f} [{row['gap']['low']:+.4f}, {row['gap']['high']:+.4f}]"
        cells = (model, *(f"{row[who]:.4f}" for who in ("as it was", "gone on", "learned again")), gap,
                 f"{row['onward_cpu_s']:.0f}, {row['again_cpu_s']:.0f}")  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def cold() -> list[str]:
    """Recall of new items, and what known ones lose to them."""
    lines = [
        "", "## New items", "",
        "Recall@20 of targets that training never saw (cold) and of the others (hot), in lists of all items and in "
        "lists of their own kind alone (`benchmarks.cold`). Lifted: new items have the share of lists that they have "
        "of what people took in the validation part. The goal is on cold targets among all items.",
    ]  # fmt: skip
    for path in sorted(RESULTS.glob("cold-*.json")):
        found = json.loads(path.read_text("utf-8"))
        best = max((n for n in found["models"] if "content" in n), key=lambda n: found["models"][n]["cold"]["value"])
        value = found["models"][best]["cold"]["value"]
        lines += [
            "", f"**{found['data']}**: {found['cold_items']:,} of {found['items']:,} items are cold, "
            f"{found['cold_share_of_targets']:.0%} of the targets; {found['cases']:,} people. Goal "
            f"{found['goal']:.4f} (2 × ContentKNN or 1.3 × LightFM): {best} {value:.4f}, "
            f"{'reached' if value >= found['goal'] else '**missed**'}.", "",
            "| model | cold, among all | cold, among cold | hot, among all | hot, among hot |", "|---|---|---|---|---|",
        ]  # fmt: skip
        for name, row in found["models"].items():
            cells = [_interval(row[at]) for at in ("cold", "cold among cold", "hot", "hot among hot")]
            lines.append(f"| {name} | {' | '.join(cells)} |")
        lines += ["", "| hot items, with content less without | among all | among hot |", "|---|---|---|"]
        against = found["hot_against_plain"]
        for everything, alone in zip(against["all"], against["hot"], strict=True):
            lines.append(f"| {everything['a']} − {everything['b']} | {_added(everything)} | {_added(alone)} |")
        if found["tried"]:
            lines += ["", "Tried (validation part, recall@20):", ""]
            lines += [
                f"- {told['tried']}: cold {told['cold']:.4f} among all, {told['cold among cold']:.4f} among cold, hot "
                f"{told['hot']:.4f}" for told in found["tried"]
            ]  # fmt: skip
    return lines if len(lines) > 4 else []


def questions() -> list[str]:
    """What five questions to somebody new are worth."""
    found = _kept("onboarding")
    if not found:
        return []
    kinds = ("EASE", "groups", "both")
    lines = [
        "", "## Questions to somebody new", "",
        f"ML-1M, {found['people']:,} people of whom training knows nothing ({_seeds(found['seeds'])}), recall@20 after "
        f"{found['questions']} questions (`benchmarks.onboarding`).", "",
        "| questions | likes among the answers | lists by EASE | by groups | by both |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for how, row in found["rows"].items():
        likes = f"{row['likes']:.2f}" if "likes" in row else "–"
        lines.append(f"| {how} | {likes} | {' | '.join(f'{row[kind]:.4f}' for kind in kinds)} |")
    lines += ["", "| chosen less others | lists by EASE | by groups | by both |", "|---|---|---|---|"]
    for place, pair in enumerate(found["pairs"]["EASE"]):
        cells = [_added(found["pairs"][kind][place]) for kind in kinds]
        lines.append(f"| {pair['a']} − {pair['b']} | {' | '.join(cells)} |")
    return lines


def _interval(figure: dict[str, float]) -> str:
    return f"{figure['value']:.4f} [{figure['low']:.4f}, {figure['high']:.4f}]"


def plans() -> list[str]:
    """What `zhiyin plan` says beside what training takes."""
    found = _kept("planning")
    if not found:
        return []
    lines = ["", "## Plans", "", "`zhiyin plan` against the training itself (goal: within 25 %).", "",
             "| data | model | seconds, planned and taken | ratio | MiB, planned and taken | ratio |",
             "|---|---|---|---|---|---|"]  # fmt: skip
    for row in found["rows"]:
        said, took = row["planned"], row["took"]
        cells = (row["data"], row["model"], f"{said['seconds']:.0f}, {took['seconds']:.0f}",
                 _within(row["seconds_ratio"]), f"{said['peak_mb']:.0f}, {took['peak_mb']:.0f}",
                 _within(row["peak_ratio"]))  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _kept(name: str) -> dict[str, Any]:
    """What a benchmark found; nothing where it was not run yet."""
    path = RESULTS / f"{name}.json"
    return dict(json.loads(path.read_text("utf-8"))) if path.exists() else {}


def _within(ratio: float) -> str:
    return f"{ratio:.2f}" if 0.8 <= ratio <= 1.25 else f"**{ratio:.2f}**"


def _seeds(seeds: list[int]) -> str:
    return "1 seed" if len(seeds) == 1 else f"{len(seeds)} seeds"


def _added(cell: dict[str, Any]) -> str:
    text = f"{cell['difference']:+.4f} [{cell['low']:+.4f}, {cell['high']:+.4f}]"
    return f"**{text}**" if cell["p_holm"] < 0.05 else text


def generators() -> list[str]:
    """Each generator of item specifications on each set, beside a copy of the marginals."""
    lines = [
        "", "## Generators", "",
        "Items made for people of the training part, judged against real ones (`benchmarks.generator`; each figure "
        "stands in [generated items](generate.md)). Goals: told apart at most 0.75, new at least 0.20, nearer to "
        "training about 0.50, foresight above 0.50. 95 % intervals; a figure "
        "(of foresight, an interval) that misses its goal is bold.", "",
        "| data | generator | told apart | modes covered | new | nearer to training | foresight | fit, CPU s |",
        "|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    tried: list[str] = []
    for path in sorted(RESULTS.glob("generator-*.json")):
        found = json.loads(path.read_text())
        rows = {**found["generators"], "marginals alone": found["marginals"]}
        for who, told in rows.items():
            cells = [_judged(name, told.get(name), marked=who in found["generators"]) for name in GOALS]
            fit = f"{told['fit']['cpu_s']:.0f}" if "fit" in told else "–"
            lines.append(f"| {found['data']} | {who} | {' | '.join(cells)} | {fit} |")
        for told in found.get("attempts", ()):
            settings = ", ".join(f"{name} = {value}" for name, value in told["settings"].items())
            figure, fit = _judged("told_apart", told["told_apart"], marked=False), told["fit"]["cpu_s"]
            tried.append(f"- {found['data']}, ConditionalGAN, {settings}: told apart {figure}, {fit:.0f} CPU s")
    return [*lines, "", "Tried where the goal was missed:", "", *tried] if tried else lines


def _judged(name: str, figure: dict[str, float] | None, *, marked: bool) -> str:
    """``0.71 [0.70, 0.73]``, bold where its goal is missed."""
    if figure is None:
        return "–"
    text = f"{figure['value']:.2f} [{figure['low']:.2f}, {figure['high']:.2f}]"
    return f"**{text}**" if marked and not reached(name, figure) else text


def _who(cell: dict[str, Any]) -> str:
    """The model, and whether its training was cut short."""
    curve = cell.get("curve")
    rising = bool(curve) and cell["best_epoch"] == curve[-1]["epoch"]
    return f"{cell['model']} ({cell['best_epoch']:.0f} epochs, rising)" if rising else str(cell["model"])


def _figure(cell: dict[str, Any], metric: str) -> str:
    """``0.264 [0.252, 0.275]``; a dash where the cell has no such figure."""
    if metric not in cell:
        return "–"
    interval = cell.get(f"{metric} interval")
    return f"{cell[metric]:.4f}" + (f" [{interval[0]:.4f}, {interval[1]:.4f}]" if interval else "")


def encoders() -> list[str]:
    """Precision of each encoder beside chance and raw statistics, words that find, and speed."""
    found = _kept("encoders")
    if not found:
        return []
    lines = [
        "", "## Encoders", "",
        "Of the ten things nearest to each (cosine) the share of its own category, 95 % intervals over things "
        "(`benchmarks.encoders`). English: titles of Beauty by last category; Chinese: reviews by praise or complaint; "
        "images: clothes by kind; sounds: spoken digits. The second row of each is the raw statistic to beat.", "",
        "| things | vectors | precision@10 | things per CPU s |", "|---|---|---|---|",
    ]  # fmt: skip
    for what in ("English", "Chinese", "images", "sounds"):
        part = found[what]
        for name, figure in part["precision"].items():
            speed = part["speed"].get(name)
            rate = f"{speed['things_per_cpu_s']:,.0f}" if speed else "–"
            lines.append(f"| {what} ({part['things']:,} of {part['categories']} categories) | {name} | "
                         f"{_interval_of(figure)} | {rate} |")  # fmt: skip
    speakers = ", ".join(
        f"{name} {_interval_of(figure)}" for name, figure in found["sounds"]["also"]["speaker"].items()
    )
    lines += [
        "", f"The same sounds by who speaks, which no encoder was chosen by: {speakers}.", "",
        "Words that find images and sounds which the alignment has not seen, and (harder) those of categories that it "
        "never met; precision@10, intervals over categories:", "",
        "| things | asked in | chance | categories met | categories never met |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for what in ("words find images", "words find sounds"):
        for language, spoken in (("en", "English"), ("zh", "Chinese")):
            met, unmet = found[what][language], found[what][f"{language} of categories never met"]
            lines.append(f"| {what.split()[-1]} | {spoken} | {found[what]['random']:.3f} | {_interval_of(met)} | "
                         f"{_interval_of(unmet)} |")  # fmt: skip
    told = found["titles"]
    speed = (
        f"{told['titles']:,} titles of Beauty by Sentences: {told['first_s']:.1f} s first ({told['first_cpu_s']:.1f} "
        f"CPU s), {told['cached_s']:.2f} s from the cache (goals 60 and 1)."
    )
    return [*lines, "", speed]


def features() -> list[str]:
    """A million rows of the feature table, one live request, and the sentiment of reviews."""
    found = _kept("features")
    if not found:
        return []
    lines = [
        "", "## Features", "",
        "60 columns on Online Retail, one thread, CPU seconds (`benchmarks.features`); the memory is the most that the "
        "process held, the log, the model and the whole table in it (goals 30 s, 3 GiB).", "",
        "| 1,000,000 (request, candidate) rows | CPU s | peak GiB | before the table GiB |", "|---|---|---|---|",
    ]  # fmt: skip
    for which, said in (
        ("one moment", "everybody asked at one moment"),
        ("own moments", "each at a moment of its own"),
    ):
        told = found[which]
        lines.append(
            f"| {said} | {told['cpu_s']:.1f} | {told['peak_mb'] / 1024:.2f} | {told['before_mb'] / 1024:.2f} |"
        )
    lines += [
        "", "One live request with 200 candidates (goal 5 ms). In an answer the model has scored already, when it "
        "proposed; what it costs beside is in the last column.", "",
        "| columns | number | median CPU ms | 95 % below | with the model |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for which, told in found["live"].items():
        lines.append(f"| {which} | {told['columns']} | {told['median_ms']:.1f} | {told['p95_ms']:.1f} | "
                     f"{told['with_model_median_ms']:.1f} |")  # fmt: skip
    mood = found["moods"]
    said = (
        f"Sentiment of {mood['reviews']:,} Chinese reviews, half of them praise: it says something of "
        f"{mood['said']:.0%}, and is right in {mood['right']:.1%} of these."
    )
    return [*lines, "", said]


def _interval_of(figure: dict[str, float]) -> str:
    return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"


def rankers() -> list[str]:
    """Networks over categories beside FuxiCTR, the trees beside bare LightGBM."""
    found, boosting = _kept("frappe"), _kept("boosting")
    lines = []
    if found:
        lines = [
            "", "## Rankers", "",
            f"frappe-ctr, learned from the {found['rows']:,} rows of its validation part (its training part is not at "
            f"hand), asked on the {found['asked']:,} of its test part; FuxiCTR {found['fuxictr']['version']} with the "
            "settings published for frappe, stopped on the same rows. Goal: AUC and log loss at most 0.001 worse. Ours "
            "are calibrated on the rows that stopped them, FuxiCTR's are as it gives them, and calibrated by us.", "",
            "| ranker | AUC | FuxiCTR | log loss | FuxiCTR | FuxiCTR calibrated | goal |",
            "|---|---|---|---|---|---|---|",
        ]  # fmt: skip
        for name, row in found["means"].items():
            theirs = found["fuxictr"]["runs"]
            columns = [(found["runs"], "auc"), (theirs, "auc"), (found["runs"], "log_loss"), (theirs, "log_loss"),
                       (theirs, "log_loss_calibrated")]  # fmt: skip
            told = [mean_and_error([run[figure] for run in runs if run["model"] == name]) for runs, figure in columns]
            lines.append(f"| {name} | {' | '.join(told)} | {'reached' if row['reached'] else '**missed**'} |")
    if boosting:
        ours, bare = (statistics.median(boosting[name]) for name in ("ranker_cpu_s", "lightgbm_cpu_s"))
        reached = boosting["ratio"] <= boosting["goal"]
        lines += ["", (
            f"BoostedTrees on {boosting['rows']:,} rows of {boosting['columns']} columns: {ours:.1f} CPU s, "
            f"{boosting['ratio']:.2f} times the {bare:.1f} of bare LightGBM with the same settings (goal: at most "
            f"{boosting['goal']:g}, {'reached' if reached else '**missed**'}; {len(boosting['ranker_cpu_s'])} turns)."
        )]  # fmt: skip
    return lines


def serving() -> list[str]:
    """A running server under load, and what it survives."""
    found, faults = _kept("serving"), _kept("faults")
    lines = []
    if found:
        alone, whole, start = found["retrieval_alone"], found["full_alone"], found["start"]
        full, mixed = (_held(found[name]) for name in ("open_full", "open_mix"))
        over, after = found["overload"]["over"], found["overload"]["after"]
        refused = sum(n for status, n in over["statuses"].items() if status in ("429", "503"))
        mix = ", ".join(f"{rung} {share:.0%}" for rung, share in found["mix"].items())
        events = found["events"]
        rows = [
            ("retrieval rung, one client", _ms(alone), "p50 0.9, p99 2",
             alone["p50_ms"] <= 0.9 and alone["p99_ms"] <= 2),
            ("retrieval rung, four clients, answers per server CPU second",
             f"{found['retrieval_at_once']['per_server_cpu_s']:,.0f}", "1,200",
             found["retrieval_at_once"]["per_server_cpu_s"] >= 1200),
            ("whole assembly, one client", _ms(whole), "p50 8, p99 25", whole["p50_ms"] <= 8 and whole["p99_ms"] <= 25),
            ("whole assembly, open load at p99 of at most 50 ms, a second", f"{full:g}", "100", full >= 100),
            (f"open load of a mix ({mix}) at p99 of at most 50 ms, a second", f"{mixed:g}", "500", mixed >= 500),
            ("five times as much: answered, refused with Retry-After, memory",
             f"{over['statuses'].get('200', 0):,} (p99 {over['p99_ms']:.0f} ms), {refused:,}, "
             f"{found['overload']['memory_ratio']:.2f} ×", "p99 100 ms, memory 1.2 ×",
             found["overload"]["memory_ratio"] <= 1.2 and over["p99_ms"] <= 100
             and not set(over["statuses"]) - {"200", "429", "503"}),
            ("ten seconds later, as before", _ms(after), "p99 50", after["p99_ms"] <= 50),
            ("events a second, batches of 500, on the disk", f"{events['per_s']:,}", "5,000", events["per_s"] >= 5000),
            ("an event and the next answer", _ms(events["in_next_answer"]), "p99 100",
             events["in_next_answer"]["p99_ms"] <= 100),
            ("start to the first whole answer, times the bare imports",
             f"{start['full_s']:.1f} s, {start['ratio']:.2f} ×", "1.5 ×", start["ratio"] <= 1.5),
            ("memory of a worker (proportional), MiB", f"{start['memory_mib']:,.0f}", "600",
             start["memory_mib"] <= 600),
        ]  # fmt: skip
        lines = [
            "", "## A running server", "",
            f"`benchmarks.serving`: {found['items']:,} items, {found['log_events']:,} events of {found['people']:,} "
            "people, a Transformer as the source and boosted trees that rank, one process; whoever asks runs on the "
            "same two cores. Milliseconds are of the whole exchange over HTTP.", "",
            "| what | measured | goal | |", "|---|---|---|---|",
            *(f"| {what} | {value} | {goal} | {'reached' if reached else '**missed**'} |"
              for what, value, goal, reached in rows),
        ]  # fmt: skip
    if faults:
        lines += ["", "`benchmarks.faults`:", "", "| fault | tried | survived |", "|---|---|---|"]
        lines += [f"| {name} | {one['tried']:,} | {one['survived']:,} |" for name, one in faults.items()]
    return lines


def _held(rates: list[dict[str, Any]]) -> float:
    """The highest rate at which the slowest hundredth took at most 50 ms, with nothing refused; 0 where none."""
    return max((one["rate"] for one in rates if one["p99_ms"] <= 50 and set(one["statuses"]) == {"200"}), default=0)


def _ms(one: dict[str, float]) -> str:
    return f"p50 {one['p50_ms']:.1f} ms, p99 {one['p99_ms']:.1f} ms"


def explanations() -> list[str]:
    """How far each explainer is to be trusted, and what counterfactuals hold."""
    found = _kept("explanation")
    if not found:
        return []
    lines = [
        "", "## Explanations", "",
        "`benchmarks.explanation`; what each figure means stands in [explanations](explanation.md). Deletion: how deep "
        "the item sinks in the mean while two and more of the strongest events are taken out (0 first, 1 last of all "
        "unseen items), less the same for random orders, paired over people, 95 % intervals; bold: better than random "
        "with p < 0.01, Holm over the table. An explainer that is not bold is not to be believed for that model; one "
        "that recency or similarity, which do not ask the model, are ahead of says little that they do not. Goal over "
        "seeds: 0.8, bold where missed.", "",
    ]  # fmt: skip
    for data, told in found.items():
        judged = told["judged"]["deletion"]
        names = list(dict.fromkeys(key.partition("/")[2] for key in judged))
        lines += [f"**{data}**, {told['people']} people, {told['items']:,} items.", "",
                  f"| model | random | {' | '.join(names)} |", f"|---|---{'|---' * len(names)}|"]  # fmt: skip
        for model in told["models"]:
            cells = [_over_random(judged.get(f"{model}/{name}")) for name in names]
            random = judged[f"{model}/loo"]["random"]
            lines.append(f"| {model} | {random:.3f} | {' | '.join(cells)} |")
        lines += ["", "The other measures, less random; bold as above, each a family of its own.", "",
                  "| model | explainer | insertion | comprehensiveness | sufficiency | top 5 over seeds | "
                  "top 5 without the oldest event |", "|---|---|---|---|---|---|---|"]  # fmt: skip
        for model, row in told["models"].items():
            for name in (name for name in names if f"{model}/{name}" in judged):
                cells = [_over_random(told["judged"][measure].get(f"{model}/{name}"), interval=False)
                         for measure in ("insertion", "comprehensiveness", "sufficiency")]  # fmt: skip
                seeds = row["jaccard_seeds"].get(name)
                stable = "–" if seeds is None else f"{seeds:.3f}" if seeds >= 0.8 else f"**{seeds:.3f}**"
                lines.append(f"| {model} | {name} | {' | '.join(cells)} | {stable} | "
                             f"{row['jaccard_one_event'][name]:.2f} |")  # fmt: skip
        lines += ["", "Counterfactuals of the first item of whole histories, and all that slates show.", "",
                  "| model | asked | found | mean size | hold when asked again | shown in slates, hold | "
                  "size to the smallest of all sets (goal: 1.1) |", "|---|---|---|---|---|---|---|"]  # fmt: skip
        for model, row in told["models"].items():
            one = row["counterfactual"]
            size, ratio = one["mean_size"], one["size_ratio"]
            missed = f", {one['short_missed']} not found" if one["short_missed"] else ""
            cells = [one["asked"], one["found"], "–" if size is None else f"{size:.2f}",
                     f"{one['held']} of {one['found']}",
                     f"{one['reasons_held']} of {one['reasons']}",
                     "–" if ratio is None else f"{ratio:.2f} (of {one['short_found']}{missed})"]  # fmt: skip
            lines.append(f"| {model} | {' | '.join(map(str, cells))} |")
        lines.append("")
    for data, told in found.items():
        if "milliseconds" in told:
            spent, goals = told["milliseconds"], {"loo": 30, "shapley": 150, "gradients": None, "counterfactual": 150}
            said = ", ".join(
                f"{name} {spent['wall'][name]:.0f} ms (processor {spent['cpu'][name]:.0f}"
                + (f", goal {goal}: {'reached' if spent['wall'][name] <= goal else '**missed**'})" if goal else ")")
                for name, goal in goals.items()
            )  # fmt: skip
            lines.append(f"One item, SASRec, 50 events, {data}, median of {spent['people']} people, on a machine with "
                         f"other work to do: {said}.")  # fmt: skip
    return lines


def _over_random(cell: dict[str, float] | None, *, interval: bool = True) -> str:
    """``+0.12 [+0.10, +0.14]``, bold where it is clearly better than random."""
    if cell is None:
        return "–"
    text = f"{cell['difference']:+.3f}" + (f" [{cell['low']:+.3f}, {cell['high']:+.3f}]" if interval else "")
    return f"**{text}**" if cell["difference"] > 0 and cell["p_holm"] < 0.01 else text


def checks() -> list[str]:
    """The checks that miss or mistake, of all planted cells."""
    cells = json.loads((RESULTS / "checks.json").read_text())
    weak = [cell for cell in cells if min(cell["precision"], cell["recall"]) < CLEAR]
    lines = [
        "", "## Checks", "",
        f"Of {len(cells)} planted cells (check, data, share) {len(cells) - len(weak)} are found with precision and "
        f"recall of at least {CLEAR}. The others:", "",
        "| check | data | planted | precision | recall |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for cell in weak:
        figures = f"{cell['share']:.0%} | {cell['precision']:.2f} | {cell['recall']:.2f}"
        lines.append(f"| {cell['check']} | {cell['data']} | {figures} |")
    return lines


def promises() -> list[str]:
    """Whether tests and intervals keep their promise."""
    found = json.loads((RESULTS / "statistics.json").read_text())
    low, high = found["allowed"]
    called, held = found["equal models called different"], found["intervals that hold the truth"]
    text = (
        f"Over {found['worlds']:,} made-up worlds of {found['people']} people: two equal models are called "
        f"different in {called:.1%} (promised 5 %, allowed {low:.1%} to {high:.1%}); 95 % intervals hold "
        f"the truth in {held:.1%}."
    )
    return ["", "## Statistics", "", text]


def page() -> str:
    """The whole page."""
    return (
        "\n".join(
            [
                HEAD,
                *speed(),
                *closed_form(),
                *everybody(),
                *ingesting(),
                *agreement(),
                *quality(),
                *components(),
                *onward(),
                *cold(),
                *questions(),
                *plans(),
                *datasets(),
                *ablations(),
                *folds(),
                *generators(),
                *encoders(),
                *features(),
                *rankers(),
                *serving(),
                *explanations(),
                *checks(),
                *promises(),
            ]
        )
        + "\n"
    )


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
