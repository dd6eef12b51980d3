from zhiyin.store.catalogue import Item as Item
from zhiyin.store.events import Event as Event
from zhiyin.store.impressions import Impression as Impression
from zhiyin.store.keys import ROLES as ROLES
from zhiyin.store.keys import Key as Key
from zhiyin.store.keys import Role as Role
from zhiyin.store.store import Store as Store
