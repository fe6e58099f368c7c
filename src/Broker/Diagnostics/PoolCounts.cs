namespace Broker.Diagnostics;

/// <summary>How many of what a pool has at one moment; the numbers of its PoolStatus.</summary>
/// <param name="Opening">Connections being opened.</param>
/// <param name="Idle">Connections that wait for work.</param>
/// <param name="Busy">Connections on an errand's trip.</param>
/// <param name="Lent">Connections lent to a holder.</param>
/// <param name="Waiting">Requests for a lease in line.</param>
/// <param name="WaitingErrands">Errands in line.</param>
internal readonly record struct PoolCounts(int Opening, int Idle, int Busy, int Lent, int Waiting, int WaitingErrands);
