using Xunit;

namespace Broker.Tests.Hosting;

/// <summary>A fact of callers in the broker's own process, which by design is none of those who come through the remote door.</summary>
/// <param name="why">Why it is none there.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AtHomeFactAttribute(string why) : FactAttribute
{
    /// <summary>Why it is none there.</summary>
    public string Why => why;
}
