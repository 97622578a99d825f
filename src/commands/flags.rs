//! What kind of command it is, as bits.

/// A set of properties, combined in constants: `Flags::WRITE.and(Flags::GROWS)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags(u32);

macro_rules! flags {
    ($($(#[$doc:meta])* $constant:ident = $bit:literal $name:literal,)*) => {
        impl Flags {
            $($(#[$doc])* pub const $constant: Flags = Flags(1 << $bit);)*

            /// Every flag with the word that COMMAND INFO has for it; empty where it has none.
            pub const ALL: &[(Flags, &str)] = &[$((Flags::$constant, $name),)*];
        }
    };
}

flags! {
    /// May change keys.
    WRITE = 0 "write",
    /// Reads keys and changes none.
    READS = 1 "readonly",
    /// May need more memory: refused when there is none.
    GROWS = 2 "denyoom",
    /// For the operator, not for the application.
    ADMIN = 3 "admin",
    PUBSUB = 4 "pubsub",
    /// Refused inside scripts.
    NO_SCRIPT = 5 "noscript",
    /// May wait for a key.
    BLOCKS = 6 "blocking",
    /// Works while a dump is being loaded.
    LOADING = 7 "loading",
    /// Works on a replica that lost its primary.
    STALE = 8 "stale",
    /// O(1) or O(log N).
    FAST = 9 "fast",
    /// Works before AUTH.
    NO_AUTH = 10 "no_auth",
    /// Works while a script runs too long.
    ALLOW_BUSY = 11 "allow_busy",
    /// Refused between MULTI and EXEC.
    NO_MULTI = 12 "no_multi",
    SENTINEL = 13 "sentinel",
    /// The places of its keys cannot be told by counting alone (SORT ... BY, STORE).
    MOVABLE_KEYS = 14 "movablekeys",
    MAY_REPLICATE = 15 "may_replicate",
    NO_ASYNC_LOADING = 16 "no_async_loading",
    SKIP_SLOWLOG = 17 "skip_slowlog",
    TOUCHES_ARBITRARY_KEYS = 18 "touches_arbitrary_keys",
    PROTECTED = 19 "protected",
    /// Runs at once between MULTI and EXEC instead of being queued.
    NOT_QUEUED = 20 "",
    /// Works on a RESP2 connection that has subscribed.
    WHILE_SUBSCRIBED = 21 "",
    /// Makes one edit at most, and cannot fail once that has changed anything: where it is a step of its own, how to take
    /// it back is not kept.
    ONE_EDIT = 22 "",
}

impl Flags {
    pub const NONE: Flags = Flags(0);

    pub const fn and(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }

    pub const fn has(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }

    /// The words of COMMAND INFO, in its order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let set = Flags::ALL
            .iter()
            .filter(move |(flag, name)| self.has(*flag) && !name.is_empty());
        set.map(|(_, name)| *name)
    }
}
