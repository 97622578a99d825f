/** Lines to try, for those who see the store for the first time. Each works on an empty store. */
export const EXAMPLES: readonly { readonly title: string; readonly lines: readonly string[] }[] = [
  { title: 'Expiry', lines: ['SET greeting "hello, world" EX 60', 'GET greeting', 'TTL greeting'] },
  { title: 'Counter', lines: ['INCR visits', 'INCRBY visits 10'] },
  { title: 'Hash', lines: ['HSET user:1 name Ada role admin logins 3', 'HGETALL user:1', 'HINCRBY user:1 logins 1'] },
  { title: 'Leaderboard', lines: ['ZADD board 120 ada 95 grace 140 alan', 'ZRANGE board 0 2 REV WITHSCORES', 'ZINCRBY board 30 grace'] },
  { title: 'Queue', lines: ['RPUSH jobs mail resize index', 'LPOP jobs', 'LRANGE jobs 0 -1'] },
  { title: 'Sets', lines: ['SADD tags:a red green blue', 'SADD tags:b green blue black', 'SINTER tags:a tags:b'] },
  { title: 'Transaction', lines: ['MULTI', 'SET stock 10', 'DECRBY stock 3', 'EXEC'] },
  { title: 'Look around', lines: ['DBSIZE', 'SCAN 0 MATCH * COUNT 10', 'INFO memory'] },
]
