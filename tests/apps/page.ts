// The page of the tests: the applications beside this file, at hand in the console.

import { connect, open } from 'nookdb'
import * as cache from './cache.js'
import * as delayed from './delayed.js'
import { TabCache } from './invalidation.js'
import * as leaderboard from './leaderboard.js'
import * as lock from './lock.js'
import * as queue from './queue.js'
import * as limit from './rate-limit.js'
import * as sessions from './sessions.js'
import * as views from './views.js'

const apps = { connect, open, cache, delayed, leaderboard, limit, lock, queue, sessions, TabCache, views }

export type Apps = typeof apps

Object.assign(globalThis, { apps })
