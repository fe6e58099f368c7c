using Broker.Client.Protocol;

namespace Broker.Sessions;

/// <summary>The keys that commits leave in the ledger when their handle gives none.</summary>
internal static class SessionKeys
{
    internal static string Of(SessionId session, HandleId handle, long sequence) => $"{session}/{handle}/{sequence}";
}
