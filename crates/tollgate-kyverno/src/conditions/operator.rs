//! Which comparison a condition makes.

/// The operators by their handlers. Source: `pkg/engine/variables/operator/operator.go`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equals,
    NotEquals,
    In,
    NotIn,
    AnyIn,
    AllIn,
    AnyNotIn,
    AllNotIn,
    /// Numbers, durations, quantities and versions; `None` where the name's case is not upstream's,
    /// which then never holds.
    Numeric(Option<Order>),
    /// Durations only.
    Duration(Option<Order>),
}

/// How two things must stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    More,
    MoreOrEqual,
    Less,
    LessOrEqual,
}

impl Order {
    pub(crate) fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::More => order.is_gt(),
            Self::MoreOrEqual => order.is_ge(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
        }
    }

    fn named(exact: &str) -> Option<Self> {
        match exact {
            "GreaterThan" => Some(Self::More),
            "GreaterThanOrEquals" => Some(Self::MoreOrEqual),
            "LessThan" => Some(Self::Less),
            "LessThanOrEquals" => Some(Self::LessOrEqual),
            _ => None,
        }
    }
}

impl Operator {
    /// The operator of that name, whatever its case; `None` if there is none.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name.to_lowercase().as_str() {
            "equal" | "equals" => Self::Equals,
            "notequal" | "notequals" => Self::NotEquals,
            "in" => Self::In,
            "notin" => Self::NotIn,
            "anyin" => Self::AnyIn,
            "allin" => Self::AllIn,
            "anynotin" => Self::AnyNotIn,
            "allnotin" => Self::AllNotIn,
            "greaterthan" | "greaterthanorequals" | "lessthan" | "lessthanorequals" => {
                Self::Numeric(Order::named(name))
            }
            "durationgreaterthan"
            | "durationgreaterthanorequals"
            | "durationlessthan"
            | "durationlessthanorequals" => {
                Self::Duration(name.strip_prefix("Duration").and_then(Order::named))
            }
            _ => return None,
        })
    }
}
