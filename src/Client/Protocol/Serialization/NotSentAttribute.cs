namespace Broker.Client.Protocol.Serialization;

/// <summary>
/// What means something in the sender's process only: it is not written, and absent after reading. A property that may be, and that is init
/// only.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class NotSentAttribute : Attribute;
