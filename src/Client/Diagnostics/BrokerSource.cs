using System.Diagnostics;

namespace Broker.Client.Diagnostics;

/// <summary>
/// Where all activities of the broker and its clients come from. It is one per process, as every library's is: it holds no state of a
/// broker, and a source per broker would only be told apart by the attributes that the activities have anyway.
/// </summary>
internal static class BrokerSource
{
    internal const string Name = "Broker";

    internal static readonly ActivitySource Activities = new(Name);
}
