namespace Broker.Tests.Hosting;

/// <summary>Not run here: what is true of callers in the broker's own process only.</summary>
/// <param name="why">Why it is so.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AtHomeFactAttribute(string why) : Attribute
{
    /// <summary>Why it is so.</summary>
    public string Why => why;
}
