//! Names of what happened to a key: the words of Redis's keyspace notifications.

/// Which letter of `notify-keyspace-events` lets an event through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    Generic,
    String,
    List,
    Set,
    Hash,
    ZSet,
    Expired,
    Evicted,
    Stream,
    Module,
    New,
    Missed,
}

macro_rules! events {
    ($($variant:ident = $class:ident $name:literal,)*) => {
        /// What happened to a key. No key changes without one of these being named.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Event { $($variant,)* }

        impl Event {
            /// The word that subscribers of `__keyspace@0__:key` receive.
            pub fn name(self) -> &'static str {
                match self { $(Event::$variant => $name,)* }
            }

            pub fn class(self) -> Class {
                match self { $(Event::$variant => Class::$class,)* }
            }
        }
    };
}

events! {
    Del = Generic "del",
    RenameFrom = Generic "rename_from",
    RenameTo = Generic "rename_to",
    MoveFrom = Generic "move_from",
    MoveTo = Generic "move_to",
    CopyTo = Generic "copy_to",
    Restore = Generic "restore",
    Expire = Generic "expire",
    Persist = Generic "persist",
    SortStore = List "sortstore",
    Set = String "set",
    SetRange = String "setrange",
    IncrBy = String "incrby",
    IncrByFloat = String "incrbyfloat",
    Append = String "append",
    LPush = List "lpush",
    RPush = List "rpush",
    LPop = List "lpop",
    RPop = List "rpop",
    LInsert = List "linsert",
    LSet = List "lset",
    LRem = List "lrem",
    LTrim = List "ltrim",
    SAdd = Set "sadd",
    SRem = Set "srem",
    SPop = Set "spop",
    SInterStore = Set "sinterstore",
    SUnionStore = Set "sunionstore",
    SDiffStore = Set "sdiffstore",
    HSet = Hash "hset",
    HIncrBy = Hash "hincrby",
    HIncrByFloat = Hash "hincrbyfloat",
    HDel = Hash "hdel",
    ZAdd = ZSet "zadd",
    ZIncr = ZSet "zincr",
    ZRem = ZSet "zrem",
    ZRemRangeByScore = ZSet "zremrangebyscore",
    ZRemRangeByRank = ZSet "zremrangebyrank",
    ZRemRangeByLex = ZSet "zremrangebylex",
    ZDiffStore = ZSet "zdiffstore",
    ZInterStore = ZSet "zinterstore",
    ZUnionStore = ZSet "zunionstore",
    ZRangeStore = ZSet "zrangestore",
    ZPopMin = ZSet "zpopmin",
    ZPopMax = ZSet "zpopmax",
    Expired = Expired "expired",
    Evicted = Evicted "evicted",
    New = New "new",
    KeyMiss = Missed "keymiss",
}
