using System.Collections.Immutable;

namespace Broker.Statements;

/// <summary>
/// One walk from the names of a text through everything the catalogue tells of them: views, partitions, cascades, stored
/// expressions, types. It notes what it found, what it asked, and what was not answered.
/// </summary>
internal sealed class Examination
{
    private readonly CatalogueSnapshot _catalogue;
    private readonly PackingTrust _trust;
    private readonly Findings _findings;
    private readonly bool _write;
    private readonly HashSet<(CatalogueName Relation, bool AsTarget)> _relations = [];
    private readonly HashSet<CatalogueName> _types = [];
    private readonly HashSet<string> _stored = new(StringComparer.Ordinal);
    private readonly ImmutableHashSet<CatalogueName>.Builder _askedNames = ImmutableHashSet.CreateBuilder<CatalogueName>();
    private readonly ImmutableHashSet<string>.Builder _askedOperators = ImmutableHashSet.CreateBuilder<string>(StringComparer.Ordinal);

    public Examination(CatalogueSnapshot catalogue, PackingTrust trust, Findings findings, bool write)
    {
        _catalogue = catalogue;
        _trust = trust;
        _findings = findings;
        _write = write;
    }

    /// <summary>Everything that was looked up.</summary>
    public CatalogueQuestions Asked => new(_askedNames.ToImmutable(), _askedOperators.ToImmutable());

    /// <summary>What was looked up and not found in the snapshot.</summary>
    public CatalogueQuestions Missing => new(
        [.. _askedNames.Where(name => !_catalogue.Names.ContainsKey(name))],
        ImmutableHashSet.CreateRange<string>(
            StringComparer.Ordinal,
                _askedOperators.Where(symbol => _catalogue.BuiltInCasts is null || !_catalogue.Operators.ContainsKey(symbol))));

    /// <summary>Examines the text itself.</summary>
    public void Text(StatementShape shape)
    {
        foreach (var symbol in shape.Operators)
        {
            Operator(symbol);
        }

        foreach (var function in _catalogue.BuiltInCasts ?? [])
        {
            UserFunction(function, ClassReason.UserCast);
        }

        foreach (var (name, use) in shape.Names)
        {
            // Which of its tables a WITH changes is not looked at: each must be as harmless as if it were changed.
            var asTarget = (shape.Marks & (ShapeMarks.ModifiesWithin | ShapeMarks.ModifiesInWith)) != ShapeMarks.None
                || (_write && (shape.Target is null || shape.Target == name));
            Name(name, use, asTarget);
        }
    }

    private NameAnswer? Ask(CatalogueName name)
    {
        _askedNames.Add(name);
        return _catalogue.Names.GetValueOrDefault(name);
    }

    private void Operator(string symbol)
    {
        _askedOperators.Add(symbol);
        foreach (var function in _catalogue.Operators.GetValueOrDefault(symbol)?.Functions ?? [])
        {
            UserFunction(function, ClassReason.Operator);
        }
    }

    private void Name(CatalogueName name, NameUse use, bool asTarget)
    {
        if (Ask(name) is not { } answer)
        {
            return;
        }

        if (use.HasFlag(NameUse.Called))
        {
            Functions(answer.Functions, ClassReason.Function);
        }

        if (use.HasFlag(NameUse.Field))
        {
            Functions(answer.Functions.Where(function => function.TakesOne), ClassReason.FunctionalNotation);
        }

        if (use.HasFlag(NameUse.Object))
        {
            Relation(answer.Relation, asTarget);
            Type(answer.Type);
        }
    }

    private void Functions(IEnumerable<FunctionAnswer> functions, ClassReason reason)
    {
        foreach (var function in functions)
        {
            var own = function is { IsUserDefined: false, Name.Name: "current_setting" } && reason == ClassReason.Function;
            if (!own && !_trust.Covers(function.Name) && !ShippedFunctions.MayTravel(function, _write))
            {
                _findings.Add(reason, !ShippedFunctions.LeavesNothing(function), $"function {function.Name} is not on the list");
            }
        }
    }

    private void UserFunction(CatalogueName name, ClassReason reason)
    {
        if (Ask(name) is { } answer)
        {
            Functions(answer.Functions, reason);
        }
    }

    private void Relation(RelationAnswer? relation, bool asTarget)
    {
        if (relation is null || _trust.Covers(relation.Name) || !_relations.Add((relation.Name, asTarget)))
        {
            return;
        }

        RelationRules.Apply(relation, asTarget, _findings);
        if (relation.RowSecurity)
        {
            RowSecurity(relation);
        }

        if (relation.View is { } view)
        {
            Stored(view, asTarget);
        }

        relation.ColumnTypes.ToList().ForEach(type => Type(Ask(type)?.Type));
        relation.CastFunctions.ToList().ForEach(function => UserFunction(function, ClassReason.UserCast));
        relation.Children.ToList().ForEach(child => Relation(Ask(child)?.Relation, asTarget));
        if (asTarget)
        {
            relation.Expressions.ToList().ForEach(expression => Stored(expression, asTarget: false));
            relation.Cascades.ToList().ForEach(table => Relation(Ask(table)?.Relation, asTarget: true));
        }
    }

    // policies often read a setting of the caller: never in a group, and clean all the same if they call nothing else
    private void RowSecurity(RelationAnswer relation)
    {
        _findings.Add(ClassReason.RowSecurity, reset: false, $"{relation.Name} has row security");
        relation.Policies.ToList().ForEach(policy => Stored(policy, asTarget: false));
    }

    private void Type(TypeAnswer? type)
    {
        if (type is null || !_types.Add(type.Name))
        {
            return;
        }

        if (!ShippedFunctions.Ships(type.Extension))
        {
            if (type.Kind is TypeKind.Base or TypeKind.Other)
            {
                _findings.Add(ClassReason.UserType, reset: true, $"type {type.Name} runs code of its own");
            }

            type.Functions.ToList().ForEach(function => UserFunction(function, ClassReason.UserType));
        }

        type.Checks.ToList().ForEach(check => Stored(check, asTarget: false));
        type.Parts.ToList().ForEach(part => Type(Ask(part)?.Type));
    }

    /// <summary>Stored code prints names of other schemas than pg_catalog with their schema, whatever the caller's search_path.</summary>
    private void Stored(StoredCode code, bool asTarget)
    {
        code.Functions.ToList().ForEach(function => UserFunction(function, ClassReason.Function));
        if (!_stored.Add(asTarget ? $"target {code.Text}" : code.Text))
        {
            return;
        }

        // the functions behind operators of other schemas are among the code's own, so their names say nothing new
        var shape = StatementShape.Of(code.Text);
        TextRules.Apply(shape with { Marks = shape.Marks & ~ShapeMarks.NamesOperator }, _findings);
        foreach (var (name, use) in shape.Names)
        {
            Name(name.OrSystem(), use, asTarget);
        }
    }
}
