namespace Broker.Configuration;

/// <summary>
/// Collects problems while settings are read, so that all are told at once. Of one key only the first is told: what follows from it is no
/// news.
/// </summary>
internal sealed class SettingsProblems
{
    private readonly List<SettingsProblem> _found = [];

    public bool Any => _found.Count > 0;

    public void Add(SettingsProblem problem)
    {
        if (problem.Path.Length == 0 || !_found.Exists(found => found.Path == problem.Path))
        {
            _found.Add(problem);
        }
    }

    public void Add(SettingsNode node, string text) => Add(new SettingsProblem(node.Path, node.Shown, node.Origin, text));

    public void ThrowIfAny()
    {
        if (Any)
        {
            throw new SettingsException([.. _found]);
        }
    }
}
