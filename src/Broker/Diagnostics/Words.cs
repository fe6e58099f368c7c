using Broker.Connections;
using Broker.Errands;
using Broker.Gateway.Clients;
using Broker.Gateway.Links;

namespace Broker.Diagnostics;

/// <summary>The values of attributes: one word per case, the same in metrics, traces and logs.</summary>
internal static class Words
{
    internal static string Word(this TripShape shape) => shape switch
    {
        TripShape.Alone => "alone",
        TripShape.ReadGroup => "read_group",
        TripShape.WriteGroup => "write_group",
        TripShape.Barrier => "barrier",
        TripShape.Keyed => "keyed",
    };

    internal static string Word(this LeakCause cause) => cause switch
    {
        LeakCause.Overdue => "overdue",
        LeakCause.Forgotten => "forgotten",
    };

    internal static string Word(this SettledAs outcome) => outcome switch
    {
        SettledAs.Committed => "committed",
        SettledAs.RolledBack => "rolled_back",
        SettledAs.Unknown => "unknown",
    };

    internal static string Word(this ClientPhase phase) => phase switch
    {
        ClientPhase.Ready => "ready",
        ClientPhase.Errand => "errand",
        ClientPhase.InTransaction => "in_transaction",
        ClientPhase.Pinned => "pinned",
        ClientPhase.Closing => "closing",
    };

    internal static string Word(this LinkPhase phase) => phase switch
    {
        LinkPhase.Connecting => "connecting",
        LinkPhase.Idle => "idle",
        LinkPhase.Errand => "errand",
        LinkPhase.Lent => "lent",
        LinkPhase.Cleaning => "cleaning",
        LinkPhase.Closing => "closing",
    };

    internal static string Word(this CleaningOutcome outcome) => outcome switch
    {
        CleaningOutcome.Fit => "fit",
        CleaningOutcome.GivenUp => "given_up",
        CleaningOutcome.Overdue => "overdue",
        CleaningOutcome.Lost => "lost",
    };

    internal static string Word(this CloseReason reason) => reason switch
    {
        CloseReason.Overflow => "overflow",
        CloseReason.IdleTimeout => "idle_timeout",
        CloseReason.Recycled => "recycled",
        CloseReason.Invalidated => "invalidated",
        CloseReason.Broken => "broken",
        CloseReason.PingFailed => "ping_failed",
        CloseReason.HolderLost => "holder_lost",
        CloseReason.Breach => "breach",
        CloseReason.ResetTimedOut => "reset_timed_out",
        CloseReason.HookFailed => "hook_failed",
        CloseReason.Yielded => "yielded",
        CloseReason.ReserveOver => "reserve_over",
        CloseReason.Detached => "detached",
        CloseReason.Stopping => "stopping",
    };
}
