using Broker.Client.Protocol;

namespace Broker.Errands;

/// <summary>
/// Takes an errand out of its pool's line: it is then refused with <c>Cancelled</c>. One that was sent is left alone and hears its true
/// outcome, even where <see cref="Client.Protocol.Messages.CancelErrand"/> would ask the server to cancel it.
/// </summary>
/// <param name="Errand">Which errand.</param>
internal sealed record WithdrawErrand(ErrandId Errand);
