using Broker.Connections;

namespace Broker.Budgets;

/// <summary>One connection's place in the budget.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Holder">Who has it.</param>
/// <param name="Reserve">Whether it was asked for as a reserve permit.</param>
/// <param name="Granted">Since when, from the budget's start.</param>
/// <param name="Backend">The server process behind it, once the connection is open.</param>
internal sealed record Permit(PermitId Id, HolderId Holder, bool Reserve, TimeSpan Granted, BackendIdentity? Backend = null);

/// <summary>A connection that nobody has any more and the server may still have.</summary>
/// <param name="Id">The permit it was opened with.</param>
/// <param name="Reserve">Which part of the budget it counts against.</param>
/// <param name="LastHolder">Whose it was: its role surely may see the backend.</param>
/// <param name="Backend">The process; null if it was lost before that was known, and then only time ends it.</param>
/// <param name="Until">When it stops to count anyway.</param>
internal sealed record Ghost(PermitId Id, bool Reserve, HolderId LastHolder, BackendIdentity? Backend, TimeSpan Until);
