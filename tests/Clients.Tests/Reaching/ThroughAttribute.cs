using System.Reflection;
using Xunit.Sdk;

namespace Broker.Clients.Tests.Reaching;

/// <summary>Runs a theory with the name of each endpoint on which a client may rely on so much.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ThroughAttribute(Keeping keeping) : DataAttribute
{
    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => Endpoints.That(keeping).Select(name => new object[] { name });
}
