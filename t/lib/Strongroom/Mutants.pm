package Strongroom::Mutants;

# Mutants: C sources with one small change each, that some test has to notice.
# Knows the text of a source, and refuses to know what is done with it.
#
# A mutant is a hash: file, line, code (the line as it was), what (the change in
# words), at, length, text (the change itself).

use strict;
use warnings;
use Digest::SHA qw(sha1_hex);
use Exporter 'import';

our @EXPORT_OK = qw(mutants_of sample mutate unsettled
    function_of);

# Comments and preprocessor lines are spaces; strings stay what they are.
my $SPACE = qr{(?:\s+|/\*.*?\*/|//[^\n]*|^[ \t]*\#(?:\\\n|[^\n])*)+}ms;
my $TOKEN = qr{
	(?<string> "(?:\\.|[^"\\])*" )
	| (?<char> '(?:\\.|[^'\\])+' )
	| (?<number> \d(?:[eEpP][-+]|[\w.])* )
	| (?<word> [A-Za-z_]\w* )
	| (?<sign> -> | \+\+ | -- | <<= | >>= | << | >> | [<>=!]= | && | \|\|
	    | [-+*/%&|^]= | \.\.\. | . )
}xs;

my %COMPARISON = ('<' => ['<=', '>='], '<=' => ['<', '>'],
    '>' => ['>=', '<='], '>=' => ['>', '<'], '==' => ['!='], '!=' => ['==']);
my %OTHER = ('&&' => ['||'], '||' => ['&&'], true => ['false'],
    false => ['true'], %COMPARISON);
my %ESCAPE = ('\n' => q(' '), '\r' => q(' '), '\t' => q(' '),
    '\0' => q('\1'), '\\\\' => q('/'), '\"' => q('/'), q(\') => q('"'));
my %IS_TYPE = map { $_ => 1 } qw(const static struct enum union unsigned signed
    char short int long float double void bool extern register volatile);
my %IS_HEAD = map { $_ => 1 } qw(if while for switch);
my $IS_SKIPPED = qr/\A(?:assert|_Static_assert|va_\w+)\z/;

# The tokens of a text: [kind, text, offset].
sub _tokens {
	my ($text) = @_;
	my @tokens;
	pos($text) = 0;
	while (pos $text < length $text) {
		next if $text =~ /\G$SPACE/gc;
		$text =~ /\G$TOKEN/gc or die 'no token at ' . pos $text;
		my ($kind) = keys %+;
		push @tokens, [$kind, $+{$kind}, pos($text) - length $+{$kind}];
	}
	return @tokens;
}

# mutants_of('src/x.c', $text): all there are, in the order of the text.
sub mutants_of {
	my ($file, $text) = @_;
	my $self = bless { file => $file, text => $text, all => [],
	    tokens => [_tokens($text)], lines => [split /\n/, $text] },
	    __PACKAGE__;
	my $tokens = $self->{tokens};
	my $i = 0;
	while ($i < @$tokens) {
		my $end = $self->_end($i, '{');
		if ($self->_is($end, '{') && $self->_is($end - 1, ')')) {
			$i = $self->_body($end);
			next;
		}
		$end = $self->_end($i, '');
		$self->_data($i, $end);
		$i = $end + 1;
	}
	my %seen;
	return grep { !$seen{"$_->{at} $_->{length} $_->{text}"}++ }
	    sort { $a->{at} <=> $b->{at} } @{ $self->{all} };
}

sub _is { defined $_[0]{tokens}[$_[1]] && $_[0]{tokens}[$_[1]][1] eq $_[2] }
sub _word { $_[0]{tokens}[$_[1]][0] eq 'word' ? $_[0]{tokens}[$_[1]][1] : '' }

# The first place from $i on, outside of all brackets, of a ";" or of what is
# asked for; the last token's when there is none.
sub _end {
	my ($self, $i, $sign) = @_;
	my $depth = 0;
	for (; $i < $#{ $self->{tokens} }; $i++) {
		my ($kind, $text) = @{ $self->{tokens}[$i] };
		next if $kind ne 'sign';
		last if $depth == 0 && ($text eq ';' || $text eq $sign);
		$depth++ if $text =~ /\A[\[({]\z/;
		$depth-- if $text =~ /\A[\])}]\z/;
	}
	return $i;
}

# The place of the bracket that closes the one at $i.
sub _close {
	my ($self, $i) = @_;
	my $depth = 0;
	for (; $i < $#{ $self->{tokens} }; $i++) {
		my ($kind, $text) = @{ $self->{tokens}[$i] };
		next if $kind ne 'sign';
		$depth++ if $text =~ /\A[\[({]\z/;
		$depth-- if $text =~ /\A[\])}]\z/;
		last if $depth == 0;
	}
	return $i;
}

# What stands outside of functions: the values of enums and of tables.
sub _data {
	my ($self, $from, $to) = @_;
	return if $self->_word($from) =~ $IS_SKIPPED;
	my $is_enum = $self->_word($from) eq 'enum';
	for my $i ($from .. $to) {
		next if !$self->_is($i, '=');
		my $end = $is_enum ? $self->_value_end($i + 1) : $to;
		$self->_expression($i + 1, $end);
		return if !$is_enum;
	}
}

sub _value_end {
	my ($self, $i) = @_;
	my $depth = 0;
	for (; $i < $#{ $self->{tokens} }; $i++) {
		my $text = $self->{tokens}[$i][1];
		last if $depth == 0 && $text =~ /\A[,};]\z/;
		$depth++ if $text eq '(';
		$depth-- if $text eq ')';
	}
	return $i;
}

# A function, from its first bracket; returns the place behind it.
sub _body {
	my ($self, $i) = @_;
	my $end = $self->_close($i);
	for ($i++; $i < $end;) {
		my $word = $self->_word($i);
		if ($IS_HEAD{$word}) {
			my $close = $self->_close($i + 1);
			$self->_negate($i + 1, $close)
			    if $word eq 'if' || $word eq 'while';
			$self->_expression($i + 2, $close);
			$i = $close + 1;
		} elsif ($word eq 'case') {
			$i++ while !$self->_is($i, ':');
			$i++;
		} elsif ($word =~ /\A(?:else|do|default)\z/
		    || $self->{tokens}[$i][1] =~ /\A[{};:]\z/) {
			$i++;
		} elsif ($word ne '' && $self->_is($i + 1, ':')) {
			$i += 2;
		} else {
			my $stop = $self->_end($i, '');
			$self->_statement($i, $stop);
			$i = $stop + 1;
		}
	}
	return $end + 1;
}

# A simple statement; its ";" stands at $to.
sub _statement {
	my ($self, $from, $to) = @_;
	my $word = $self->_word($from);
	my $call = $from;
	return if $word =~ $IS_SKIPPED;
	return $self->_return($from, $to) if $word eq 'return';
	$call += 3 if $self->_is($from, '(') && $self->_is($from + 1, 'void')
	    && $self->_is($from + 2, ')');
	if (my $name = $self->_called($call, $to)) {
		return if $name =~ $IS_SKIPPED;
		$self->_add($from, $to, '(void)0', "no $name()");
		return if $name =~ /\Alog_/;
	} elsif ($self->_is_declaration($from)) {
		$from++ while $from < $to && !$self->_is($from, '=');
	}
	$self->_expression($from, $to);
}

# The name of the function, when a statement is a call and nothing else.
sub _called {
	my ($self, $i, $to) = @_;
	my $name = $self->_word($i) or return;
	while ($self->_is($i + 1, '->') || $self->_is($i + 1, '.')) {
		$i += 2;
		$name = $self->_word($i) or return;
	}
	return $self->_is($i + 1, '(') && $self->_close($i + 1) == $to - 1
	    ? $name : undef;
}

sub _is_declaration {
	my ($self, $i) = @_;
	my $word = $self->_word($i) or return 0;
	return 1 if $IS_TYPE{$word} || $self->_word($i + 1);
	return $self->_is($i + 1, '*')
	    && ($self->_word($i + 2) || $self->_is($i + 2, '*'));
}

sub _return {
	my ($self, $from, $to) = @_;
	my ($first, $last) = ($from + 1, $to - 1);
	return if $first > $last;
	if ($self->_is($first, '(') && $self->_close($first) == $last) {
		$first++;
		$last--;
	}
	my $value = join '', map { $self->{tokens}[$_][1] } $first .. $last;
	return $self->_add($first, $last + 1, '0', 'returns 0')
	    if $value eq '-1';
	$self->_add($first, $last + 1, '-1', 'returns -1') if $value eq '0';
	$self->_add($first, $last + 1, '0', 'returns 0')
	    if $value !~ /\A(?:0|NULL|true|false)\z/;
	$self->_expression($first, $last + 1);
}

sub _negate {
	my ($self, $open, $close) = @_;
	my $from = $self->{tokens}[$open][2];
	my $length = $self->{tokens}[$close][2] + 1 - $from;
	$self->_change($from, $length,
	    '(!' . substr($self->{text}, $from, $length) . ')',
	    'the condition is negated');
}

# The single tokens from $from to before $to.
sub _expression {
	my ($self, $from, $to) = @_;
	for my $i ($from .. $to - 1) {
		my ($kind, $text) = @{ $self->{tokens}[$i] };
		my @others = @{ $OTHER{$text} // [] };
		@others = _numbers($text) if $kind eq 'number';
		@others = _characters($text) if $kind eq 'char';
		@others = ('') if $text eq '!';
		for my $other (@others) {
			$self->_add($i, $i + 1, $other, $text eq '!'
			    ? '! is gone' : "$text becomes $other");
		}
	}
}

sub _numbers {
	my ($text) = @_;
	my ($number, $suffix) = $text =~ /\A(0[xX][0-9a-fA-F]+|\d+)([uUlL]*)\z/
	    or return;
	no warnings 'portable';
	my $value = $number =~ /\A0./ ? oct $number : $number;
	return if $value > 0x7fffffffffff;
	return map { "$_$suffix" } $value == 0 ? 1 : ($value - 1, $value + 1);
}

sub _characters {
	my ($text) = @_;
	my $inner = substr $text, 1, -1;
	return $ESCAPE{$inner} // () if length $inner > 1;
	my $next = chr(1 + ord $inner);
	return $next =~ /\A[\x20-\x7e]\z/ && $next !~ /['\\]/ ? "'$next'" : ();
}

# The tokens from $from to before $to become the text.
sub _add {
	my ($self, $from, $to, $text, $what) = @_;
	my $at = $self->{tokens}[$from][2];
	my $last = $self->{tokens}[$to - 1];
	$self->_change($at, $last->[2] + length($last->[1]) - $at, $text,
	    $what);
}

# Lines keep their numbers: assert(3) and the reader know them.
sub _change {
	my ($self, $at, $length, $text, $what) = @_;
	my $lost = substr($self->{text}, $at, $length) =~ tr/\n//
	    - $text =~ tr/\n//;
	my $line = 1 + substr($self->{text}, 0, $at) =~ tr/\n//;
	push @{ $self->{all} }, { file => $self->{file}, line => $line,
	    code => $self->{lines}[$line - 1] =~ s/\A\s+|\s+\z//gr,
	    what => $what, at => $at, length => $length,
	    text => $text . "\n" x $lost };
}

# The text with the change.
sub mutate {
	my ($text, $mutant) = @_;
	substr $text, $mutant->{at}, $mutant->{length}, $mutant->{text};
	return $text;
}

# sample($seed, $count, @mutants): so many lines, and a mutant of each. The
# draw is by what a line says, not where it stands: other changes of the
# sources leave it as it is.
sub sample {
	my ($seed, $count, @mutants) = @_;
	my (%on_line, %same, %draw);
	push @{ $on_line{"$_->{file}:$_->{line}"} }, $_ for sort {
	    $a->{at} <=> $b->{at} || $a->{text} cmp $b->{text} } @mutants;
	for my $line (sort { $a->[0]{file} cmp $b->[0]{file}
	    || $a->[0]{at} <=> $b->[0]{at} } values %on_line) {
		my ($file, $code) = @{ $line->[0] }{qw(file code)};
		my $hash = sha1_hex(join "\0", $seed, $file, $code,
		    $same{"$file\0$code"}++);
		$draw{$hash} = $line->[hex(substr $hash, 0, 7) % @$line];
	}
	my @hashes = sort keys %draw;
	@hashes = @hashes[0 .. $count - 1] if $count < @hashes;
	return @draw{@hashes};
}

# unsettled([mutants], what was said of mutants earlier: verdict and the rest):
# the places of those that are to be tried, and what was said of the others,
# which is not going to change as long as tests are only added.
sub unsettled {
	my ($mutants, @said) = @_;
	my (%before, @open, @kept);
	my $key = sub { join "\0", @{ $_[0] }{qw(file code what)} };
	push @{ $before{ $key->($_) } }, $_ for @said;
	for my $i (0 .. $#$mutants) {
		my $said = shift @{ $before{ $key->($mutants->[$i]) } // [] };
		if ($said && $said->{verdict} !~ /\A(?:survived|timed out)\z/) {
			push @kept, { %$said, %{ $mutants->[$i] } };
		} else {
			push @open, $i;
		}
	}
	return (\@open, \@kept);
}

# The name of the function that a line is in, or undef. Names stand at the
# beginning of a line, as does the last bracket.
sub function_of {
	my ($text, $line) = @_;
	my $name;
	for (split /^/, $text) {
		last if $line-- <= 0;
		$name = $1 if /^(\w+)\((?!.*;$)/;
		undef $name if /^\}/ && $line > 0;
	}
	return $name;
}

1;
