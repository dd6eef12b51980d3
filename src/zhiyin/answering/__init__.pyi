from zhiyin.answering.answer import Answerer as Answerer
from zhiyin.answering.answer import explain as explain
from zhiyin.answering.assembly import Assembly as Assembly
from zhiyin.answering.assembly import Plan as Plan
from zhiyin.answering.candidates import features_for as features_for
from zhiyin.answering.candidates import merge as merge
from zhiyin.answering.candidates import proposed as proposed
from zhiyin.answering.rules import Rules as Rules
